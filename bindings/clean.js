// Removes what the TypeScript compiler wrote before, so that a file deleted in the sources does not
// live on in dist.
const fs = require('node:fs');
const path = require('node:path');

fs.rmSync(path.join(__dirname, '..', 'dist'), { recursive: true, force: true });
