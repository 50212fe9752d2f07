// Deno, answering whatever comes by a file, through streams.
const { options } = require('./common.js');
const { listen } = require('./deno.js');

listen(async (connection) => {
  const file = await Deno.open(options.file);
  await file.readable.pipeTo(connection.writable, { preventClose: true });
});
