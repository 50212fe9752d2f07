// What the system reports about itself and about a process: memory, versions, and how much of its time we were given.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');

function describeMachine(runtimes) {
  const script = 'JSON.stringify({ node: process.version, openssl: process.versions.openssl })';
  const machine = { cpu: os.cpus()[0]?.model, cores: os.cpus().length, kernel: os.release() };
  Object.assign(machine, JSON.parse(execFileSync(runtimes.node, ['-p', script], { encoding: 'utf8' })));
  for (const [name, file] of Object.entries(runtimes)) {
    if (name === 'node') continue;
    const [first] = execFileSync(file, ['--version'], { encoding: 'utf8' }).split('\n');
    machine[name] = first.replace(/^deno /, '');
  }
  return machine;
}

function memoryNow(pid) {
  const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const value = (key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return { VmRSS: value('VmRSS'), RssAnon: value('RssAnon') };
}

// Waits until the memory of a process has not changed for `seconds`, ten times as long at most.
async function steadyMemory(pid, seconds) {
  let last = memoryNow(pid);
  for (let same = 0, tries = 0; same < 5 && tries < 50; ++tries) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 200));
    const now = memoryNow(pid);
    same = now.VmRSS === last.VmRSS ? same + 1 : 0;
    last = now;
  }
  return last;
}

// Ticks of all cores so far: those in which something ran, and those in which something wanted to run while the
// hypervisor let another machine run.
function coreTicks() {
  const [line] = fs.readFileSync('/proc/stat', 'utf8').split('\n');
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number);
  return { ran: user + nice + system + irq + softirq, stolen: steal ?? 0 };
}

// The share of the time it wanted that this machine was given since `begin`, 1 for all.
function shareGiven(begin) {
  const now = coreTicks();
  const ran = now.ran - begin.ran;
  const wanted = ran + now.stolen - begin.stolen;
  return wanted > 0 ? ran / wanted : 1;
}

module.exports = { describeMachine, steadyMemory, coreTicks, shareGiven };
