// Deno, echoing what it reads.
const { listen, send } = require('./deno.js');

listen(send);
