// Hashes of whole files.

import { hash, md5, sha1 } from './encoding';
import { file_get_contents } from './files';

export function md5_file(name: unknown, binary: unknown = false): string | false {
  const content = file_get_contents(name);
  return content === false ? false : md5(content, binary);
}

export function sha1_file(name: unknown, binary: unknown = false): string | false {
  const content = file_get_contents(name);
  return content === false ? false : sha1(content, binary);
}

export function hash_file(algorithm: unknown, name: unknown, binary: unknown = false): string | false {
  const content = file_get_contents(name);
  return content === false ? false : hash(algorithm, content, binary);
}
