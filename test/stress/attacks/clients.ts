// The clients of one attack as a program: clients.ts ATTACK PORT COUNT. Prints "ready" when they are connected; takes
// the words "attack", which begins, and "open", which is answered by how many connections the server has not ended.
// Ends with who has started it, and at the latest after five minutes.
import { all } from './all';

const [name, port, count] = process.argv.slice(2);

async function main(): Promise<void> {
  setTimeout(() => process.exit(1), 300_000).unref();
  process.stdin.on('end', () => process.exit());
  const attack = all.find((one) => one.name === name);
  if (attack === undefined) throw new Error(`there is no attack ${name}`);
  const crowd = await attack.crowd(Number(port), Number(count));
  console.log('ready');
  process.stdin.on('data', (text) => {
    for (const word of String(text).trim().split('\n')) {
      if (word === 'attack') {
        crowd.attack?.();
        console.log('attacking');
      } else {
        console.log(`open ${crowd.open()}`);
      }
    }
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
