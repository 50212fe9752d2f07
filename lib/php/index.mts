// The entry for ES modules: the same functions as the CommonJS entry.
export * from './index.js';
