// Runs one of the TLS programs inside Node: node addon.js path/to/bench_floor_tls.node [its options]
const path = require('node:path');

const [file, ...words] = process.argv.slice(2);
process.exit(require(path.resolve(file)).run(words));
