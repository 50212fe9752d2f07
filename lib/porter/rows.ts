// What the porter knows about PHP's functions: the type of the result, which arguments are references, what is noted
// and what is refused. That a function exists at all is known from the helper library itself.

import type { Type } from './types';

/** Result types, where a function has one. The names are those of PHP, in lower case. */
const results: Record<string, string> = {
  text: `strtolower strtoupper trim ltrim rtrim chop ucfirst lcfirst ucwords strrev str_repeat str_pad sprintf vsprintf
    number_format implode join nl2br addslashes stripslashes htmlspecialchars htmlspecialchars_decode html_entity_decode
    htmlentities wordwrap chunk_split strtr chr dechex decbin decoct bin2hex md5 sha1 base64_encode urlencode
    rawurlencode urldecode rawurldecode http_build_query quotemeta strval gettype serialize date gmdate basename
    php_uname php_sapi_name gethostname uniqid get_class preg_quote random_bytes strip_tags ucwords addcslashes
    base_convert long2ip getcwd phpversion spl_object_hash get_debug_type mb_strtolower mb_strtoupper mb_substr
    sys_get_temp_dir escapeshellarg substr nl_langinfo pack`,
  int: `strlen count sizeof ord intval crc32 time memory_get_usage memory_get_peak_usage getmypid strcmp strcasecmp strncmp strncasecmp
    strnatcmp strnatcasecmp substr_count mb_strlen rand mt_rand random_int array_push array_unshift error_reporting
    levenshtein similar_text intdiv func_num_args strspn strcspn printf iterator_count
    mt_getrandmax getrandmax spl_object_id`,
  number: `floatval doubleval sqrt pi floor ceil round sin cos tan asin acos atan atan2 exp log log10 log2 fmod hypot
    deg2rad rad2deg lcg_value array_sum_number`,
  bool: `is_array is_string is_int is_integer is_long is_float is_double is_bool is_null is_numeric is_object is_callable
    is_scalar is_resource is_iterable is_countable in_array array_key_exists key_exists method_exists function_exists
    class_exists property_exists interface_exists defined checkdate file_exists is_file is_dir is_readable is_writable
    is_writeable is_link is_executable unlink mkdir rmdir rename copy touch chmod fclose feof flock fflush rewind
    str_contains str_starts_with str_ends_with ctype_digit ctype_alpha ctype_alnum ctype_upper ctype_lower ctype_space
    ctype_punct ctype_xdigit ctype_cntrl ctype_graph ctype_print boolval is_nan is_infinite is_finite is_a is_subclass_of
    sort rsort usort uasort uksort ksort krsort asort arsort shuffle natsort natcasesort array_walk settype define
    hash_equals password_verify array_is_list ftruncate putenv`,
  array: `explode array str_split array_keys array_values array_merge array_merge_recursive array_slice array_splice array_map
    array_filter array_unique array_reverse array_flip array_fill array_fill_keys array_combine array_diff
    array_diff_key array_diff_assoc array_intersect array_intersect_key array_column array_chunk array_pad array_replace
    range compact get_object_vars get_class_methods func_get_args array_count_values array_change_key_case
    array_udiff array_uintersect array_diff_ukey preg_grep localtime getdate date_parse sys_getloadavg
    array_intersect_assoc class_implements hash_algos iterator_to_array`,
};

/** Arguments that are references; + is all from there on. */
const referencePositions: Record<string, string> = {
  0: `sort rsort usort uasort uksort ksort krsort asort arsort shuffle natsort natcasesort array_walk
    array_walk_recursive array_push array_pop array_shift array_unshift array_splice reset end next prev key current
    pos each settype array_multisort`,
  1: 'exec',
  2: 'preg_match preg_match_all similar_text is_callable flock exec passthru',
  3: 'str_replace str_ireplace',
  4: 'preg_replace preg_replace_callback fsockopen',
  '2+': 'sscanf',
};

const locale = 'the result depends on the locale';
const zone = 'the result depends on the time zone';

/** Exact but for what the note says. */
const noted: [names: string, note: string, link: string][] = [
  [
    'gettype is_int is_integer is_long is_float is_double var_dump var_export json_encode serialize',
    'an integer-valued number counts as an integer',
    '#numbers',
  ],
  ['setlocale strcoll localeconv', locale, '#locale'],
  ['date mktime strtotime localtime getdate strftime date_default_timezone_get', zone, '#time-zone'],
  ['set_error_handler', 'helper functions never print warnings, so the handler is not called for them', '#errors'],
];

const socket = 'Node has no client socket that can be read synchronously; use node:net and its events';

/** Never ported, with what to use. */
const refused: [names: string, reason: string][] = [
  [
    `stream_socket_client stream_socket_server stream_socket_accept stream_select fsockopen pfsockopen stream_set_blocking
    stream_set_timeout stream_socket_enable_crypto stream_context_create stream_get_meta_data stream_socket_get_name
    stream_socket_recvfrom stream_socket_sendto socket_create socket_connect socket_write socket_read socket_close
    socket_bind socket_listen socket_accept socket_select socket_recv socket_send socket_set_option socket_strerror
    socket_last_error socket_set_nonblock socket_set_block socket_create_listen socket_getpeername socket_recvfrom
    socket_sendto socket_shutdown socket_import_stream socket_get_option socket_create_pair socket_clear_error
    stream_socket_pair stream_socket_shutdown`,
    socket,
  ],
  ['eval create_function assert', 'code in texts is not ported'],
  ['extract parse_str', 'variables with computed names are not ported'],
  ['mail', 'Node has no mail function; use a package or sendmail by exec'],
  [
    'header headers_sent setcookie session_start session_destroy session_id http_response_code header_remove',
    'there is no web server around a Node program',
  ],
  [
    'pcntl_fork pcntl_signal pcntl_wait pcntl_waitpid pcntl_exec pcntl_alarm pcntl_signal_dispatch posix_kill posix_setuid posix_setgid posix_setsid pcntl_async_signals',
    'Node cannot fork; use node:child_process, node:cluster or process.on of signals',
  ],
  ['proc_open proc_close popen pclose', 'use node:child_process'],
  ['opendir readdir closedir dir', 'use scandir'],
  ['dl ini_alter', 'PHP extensions do not exist in Node'],
  ['spl_autoload_register __autoload', 'name the files of classes with require'],
  ['ob_start ob_get_clean ob_end_clean ob_get_contents ob_end_flush', 'output is not buffered'],
  ['debug_backtrace debug_print_backtrace', 'use new Error().stack'],
];

const refusedFamilies: [pattern: RegExp, reason: string][] = [
  [/^mysqli?_/, 'use a package for MySQL, and its promises'],
  [/^(pg|sqlite|mssql|sqlsrv|oci|odbc|ibase|db2|dba)_/, 'use a package for this database'],
  [/^curl_/, 'use fetch and its promise'],
  [/^ftp_|^ssh2_|^ldap_|^imap_|^snmp|^memcache/, socket],
  [/^(imagecreate|image|exif)_?/, 'use a package for images'],
  [/^(xml|dom|simplexml|libxml)_/, 'use a package for XML'],
];

export interface Row {
  result: Type | undefined;
  note?: string;
  link?: string;
  refused?: string;
  isReference(position: number): boolean;
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

const resultTypes = new Map<string, Type>();
for (const [type, names] of Object.entries(results)) {
  for (const name of words(names)) resultTypes.set(name, type as Type);
}
const references = new Map<string, Set<string>>();
for (const [position, names] of Object.entries(referencePositions)) {
  for (const name of words(names)) references.set(name, (references.get(name) ?? new Set()).add(position));
}
const notes = new Map<string, { note: string; link: string }>();
for (const [names, note, link] of noted) for (const name of words(names)) notes.set(name, { note, link });
const refusals = new Map<string, string>();
for (const [names, reason] of refused) for (const name of words(names)) refusals.set(name, reason);

/** What is known about a function of PHP. */
export function rowOf(name: string): Row {
  const positions = references.get(name);
  const row: Row = {
    result: resultTypes.get(name),
    isReference: (position) =>
      positions !== undefined && (positions.has(String(position)) || (positions.has('2+') && position >= 2)),
    ...notes.get(name),
  };
  const reason = refusals.get(name) ?? refusedFamilies.find(([pattern]) => pattern.test(name))?.[1];
  return reason === undefined ? row : { ...row, refused: reason };
}
