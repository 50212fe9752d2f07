// An address that means something only together with the interface behind it. Not every machine has one.
import { networkInterfaces } from 'node:os';

// On Windows interfaces have numbers in addresses.
const interfaces = process.platform === 'win32' ? {} : networkInterfaces();

/** The first one, and the name of its interface. */
export const [linkLocal] = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
  addresses.filter(({ address }) => address.startsWith('fe80:')).map(({ address }) => ({ name, address })),
);
