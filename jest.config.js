// TypeScript is stripped by swc, types are checked by `npm run check:types`. The tests share one
// machine with the servers and clients that they start, and wait for them most of the time.
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
  testTimeout: 3 * Number(process.env.IPDAEMON_TEST_PATIENCE ?? 10_000),
  maxWorkers: 3,
};
