// The entry for ES modules: the same functions as the CommonJS entry, so that a program that uses
// both has one instance and one set of handles.
export * from './index.js';
