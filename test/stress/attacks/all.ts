// The attacks in the order of the table.
import type { Attack } from './attack';
import { clientHellos } from './client-hellos';
import { halfHandshakes } from './half-handshakes';
import { helloFloodP256, helloFloodRsa } from './hello-flood';
import { keyUpdateFlood } from './key-updates';
import { lingering } from './lingering';
import { computing, timeOuts } from './long-turns';
import { slowReaders64, slowReaders200 } from './slow-readers';
import { throwingInLoop, throwingInPump } from './throwing';

export const all: Attack[] = [
  slowReaders64,
  slowReaders200,
  keyUpdateFlood,
  clientHellos,
  helloFloodP256,
  helloFloodRsa,
  lingering,
  throwingInLoop,
  throwingInPump,
  halfHandshakes,
  computing,
  timeOuts,
];
