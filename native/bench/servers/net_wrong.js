// Echo servers with a fault in the hundredth chunk, which the load generator has to notice:
//   --fault changed   one bit of it is another
//   --fault lost      the byte in its middle is missing
//   --fault doubled   it is sent twice
//   --fault swapped   it goes to another connection
const { options, listen } = require('./common.js');

const faults = {
  changed: (socket, bytes) => {
    bytes[bytes.length >> 1] ^= 1;
    socket.write(bytes);
  },
  lost: (socket, bytes) => {
    const middle = bytes.length >> 1;
    socket.write(Buffer.concat([bytes.subarray(0, middle), bytes.subarray(middle + 1)]));
  },
  doubled: (socket, bytes) => {
    socket.write(bytes);
    socket.write(bytes);
  },
  swapped: (socket, bytes) => {
    for (const other of sockets) if (other !== socket) other.write(bytes);
  },
};

const fault = faults[options.fault];
const sockets = new Set();
let chunks = 0;

listen((socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('data', (bytes) => {
    if (++chunks === 100) fault(socket, bytes);
    else socket.write(bytes);
  });
});
