// TypeScript is stripped by swc, types are checked by `npm run check:types`. The tests share one
// machine with the servers and clients that they start, and wait for them most of the time. Each wait has a limit of
// its own (test/support/waiting.ts); that of a whole test, which counts also while the machine stands still, is there
// for tests that hang.
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/stress/'],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/dist/'],
  transform: {
    '^.+\\.[cm]?ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022', transform: { useDefineForClassFields: false } },
        module: { type: 'commonjs' },
      },
    ],
  },
  moduleFileExtensions: ['ts', 'mts', 'js', 'mjs', 'json', 'node'],
  testTimeout: 20 * Number(process.env.IPDAEMON_TEST_PATIENCE ?? 30_000),
  maxWorkers: 3,
};
