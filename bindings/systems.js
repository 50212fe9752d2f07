// The systems that the package brings native files for, and what the files are called. bindings/files.ts looks for them.

// glibc 2.28 is what Node's own binaries need.
const systems = [
  { arch: 'x64', libc: 'glibc', target: 'x86_64-linux-gnu.2.28' },
  { arch: 'arm64', libc: 'glibc', target: 'aarch64-linux-gnu.2.28' },
  { arch: 'x64', libc: 'musl', target: 'x86_64-linux-musl' },
  { arch: 'arm64', libc: 'musl', target: 'aarch64-linux-musl' },
].map((system) => ({
  ...system,
  name: `linux-${system.arch}-${system.libc}`,
  folder: `prebuilds/linux-${system.arch}`,
  files: [`ipdaemon.${system.libc}.node`, `libipdaemon.${system.libc}.so`],
}));

module.exports = { systems };
