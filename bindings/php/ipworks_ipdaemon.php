<?php
/*
 * The interface of the PHP edition over the C ABI, so that scripts written for it run unchanged: include this file in
 * place of the original one. PHP 7.4 or later with the FFI extension, on the command line. See docs/reference/php.md.
 *
 * The regions between "generated" marks follow from the tables of the library: `npm run generate` writes them.
 */

/**
 * What stands between the functions below and the library: loading it, values on their way in and out, handlers.
 *
 * PHP lets no exception and no exit() cross a function that C has called. Therefore a call that may deliver events runs
 * in a fiber. When the library calls back, the fiber is suspended, the handler runs where the script has made the call,
 * and its result resumes the fiber. Without fibers, before PHP 8.1, the handler runs inside the callback.
 */
final class ipworks_ipdaemon_engine
{
    // <generated tables>
    const VERSION = '0.1.0';
    const INVALID_VALUE = 2002;
    /** The errors that say that there is no such server. */
    const NO_RESOURCE = array(2006 => true, 2007 => true);
    /** The properties that hold bytes, and those that hold a number or a boolean. */
    const BINARY = array(7 => true, 8 => true, 17 => true, 18 => true, 29 => true, 30 => true);
    const NUMBERS = array(
        1 => true, // ConnectionBacklog
        2 => true, // ConnectionCount
        3 => true, // AcceptData
        4 => true, // BytesSent
        5 => true, // Connected
        9 => true, // IdleTimeout
        11 => true, // ReadyToSend
        12 => true, // RecordLength
        14 => true, // RemotePort
        15 => true, // SingleLineMode
        16 => true, // Timeout
        19 => true, // DefaultIdleTimeout
        20 => true, // DefaultMaxLineLength
        21 => true, // DefaultSingleLineMode
        22 => true, // DefaultTimeout
        23 => true, // KeepAlive
        24 => true, // Linger
        25 => true, // Listening
        27 => true, // LocalPort
        28 => true, // SSLAuthenticateClients
        32 => true, // SSLCertStoreType
        34 => true, // SSLEnabled
        35 => true, // SSLStartMode
        2010 => true, // CodePage
    );
    /** For each event its parameters: the key, and whether a handler may change it. */
    const EVENTS = array(
        1 => array( // Connected
            array('connectionid', false),
            array('statuscode', false),
            array('description', false),
        ),
        2 => array( // ConnectionRequest
            array('address', false),
            array('port', false),
            array('accept', true),
        ),
        3 => array( // DataIn
            array('connectionid', false),
            array('text', false),
            array('eol', false),
        ),
        4 => array( // Disconnected
            array('connectionid', false),
            array('statuscode', false),
            array('description', false),
        ),
        5 => array( // Error
            array('connectionid', false),
            array('errorcode', false),
            array('description', false),
        ),
        6 => array( // ReadyToSend
            array('connectionid', false),
        ),
        7 => array( // SSLClientAuthentication
            array('connectionid', false),
            array('certencoded', false),
            array('certsubject', false),
            array('certissuer', false),
            array('status', false),
            array('accept', true),
        ),
        8 => array( // SSLConnectionRequest
            array('connectionid', false),
            array('supportedciphersuites', false),
            array('supportedsignaturealgs', false),
            array('certstoretype', true),
            array('certstore', true),
            array('certpassword', true),
            array('certsubject', true),
            array('servername', false),
        ),
        9 => array( // SSLStatus
            array('connectionid', false),
            array('message', false),
        ),
    );
    /** The part of ipdaemon.h that is used here. */
    const DECLARATIONS = '
        typedef int32_t ipdaemon_t;
        typedef struct ipdaemon_value { int32_t type; int32_t reserved; int64_t integer; const uint8_t* bytes; uint64_t length; } ipdaemon_value;
        typedef int32_t (*ipdaemon_callback)(void* user, ipdaemon_t handle, int32_t event, ipdaemon_value* parameters, int32_t count);
        typedef int32_t (*ipdaemon_data_batch)(void* user, ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes, uint64_t length, int32_t count);
        ipdaemon_t ipdaemon_open(void);
        int32_t ipdaemon_close(ipdaemon_t handle);
        int32_t ipdaemon_set(ipdaemon_t handle, int32_t property, int32_t index, const ipdaemon_value* value);
        int32_t ipdaemon_get(ipdaemon_t handle, int32_t property, int32_t index, ipdaemon_value* out);
        int32_t ipdaemon_register_callback(ipdaemon_t handle, int32_t event, ipdaemon_callback callback, void* user);
        const char* ipdaemon_get_last_error(ipdaemon_t handle);
        int32_t ipdaemon_get_last_error_code(ipdaemon_t handle);
        int32_t ipdaemon_do_config(ipdaemon_t handle, const char* text, uint64_t length, ipdaemon_value* out);
        int32_t ipdaemon_do_disconnect(ipdaemon_t handle, int32_t connection_id);
        int32_t ipdaemon_do_doevents(ipdaemon_t handle);
        int32_t ipdaemon_do_interrupt(ipdaemon_t handle, int32_t connection_id);
        int32_t ipdaemon_do_reset(ipdaemon_t handle);
        int32_t ipdaemon_do_send(ipdaemon_t handle, int32_t connection_id, const char* bytes, uint64_t length);
        int32_t ipdaemon_do_sendfile(ipdaemon_t handle, int32_t connection_id, const char* path, uint64_t length);
        int32_t ipdaemon_do_sendline(ipdaemon_t handle, int32_t connection_id, const char* bytes, uint64_t length);
        int32_t ipdaemon_do_shutdown(ipdaemon_t handle);
        int32_t ipdaemon_do_startssl(ipdaemon_t handle, int32_t connection_id);
        int32_t ipdaemon_register_data_batch(ipdaemon_t handle, ipdaemon_data_batch callback, void* user, int32_t* descriptor, int32_t capacity);
        void ipdaemon_end_gathering(void);
        int32_t ipdaemon_fail(ipdaemon_t handle, int32_t code, const char* detail, uint64_t length);
        int32_t ipdaemon_fail_send(ipdaemon_t handle, int32_t connection_id, int32_t code, const char* detail, uint64_t length);
        const char* ipdaemon_error_sentence(int32_t code);
        const char* ipdaemon_version(void);
    ';
    // </generated>

    const CONNECTED = 5;
    const DATA_TO_SEND = 7;
    const TIMEOUT = 16;
    const DEFAULT_TIMEOUT = 22;
    const CONNECTION_FIRST = 3;
    const CONNECTION_LAST = 17;
    const EVENT_DATA_IN = 3;
    const BUFFER_SIZE = 65536;
    const BATCH_MAX = 256;
    const TYPE_INTEGER = 1;
    const TYPE_BOOLEAN = 2;
    const TYPE_TEXT = 3;
    const TYPE_BYTES = 4;
    const TYPE_FLAGS = 5;

    /** @var FFI The functions of the library. */
    public static $library;
    /** @var bool Whether set and get have the index as their last argument. */
    public static $indexIsLast = false;
    /** @var array Handlers by handle and event. */
    private static $handlers = array();
    /** @var array For each handle the memory that describes several pieces of input, see ipdaemon.h. */
    private static $descriptors = array();
    /** @var array The handles on which a send may wait, and deliver events meanwhile. */
    private static $mayWait = array();
    /** @var ipworks_ipdaemon_recorder|null */
    private static $recorder;

    // Memory of C: a value on its way in, one on its way out, bytes on their way in, and the functions that C calls.
    private static $in;
    private static $inAddress;
    private static $out;
    private static $outAddress;
    private static $buffer;
    private static $callbacks;
    /** @var array What the library still reads when a callback has returned. */
    private static $kept = array();

    /** @var bool */
    private static $hasFibers = false;
    /** @var Fiber[] The fibers of the calls that deliver events now, the innermost last. */
    private static $pumping = array();
    /** @var Fiber|null The last of them. */
    private static $innermost;
    /** @var Fiber[] */
    private static $idle = array();
    /** @var int How many handlers run inside a callback of C. */
    private static $inside = 0;
    /** @var bool */
    private static $ending = false;
    /** @var Throwable[] What handlers have thrown in the innermost call that delivers events. */
    private static $thrown = array();
    private static $closer;

    /** Loads the library, once. Throws with what to do when it cannot. */
    public static function start(): void
    {
        if (self::$library !== null) return;
        $wanted = defined('IPDAEMON_INDEX') ? constant('IPDAEMON_INDEX') : getenv('IPDAEMON_INDEX');
        if ($wanted !== false && $wanted !== '' && $wanted !== 'third' && $wanted !== 'last') {
            throw new RuntimeException("ipworks_ipdaemon.php: IPDAEMON_INDEX is 'third' or 'last', and not '$wanted'");
        }
        self::$indexIsLast = $wanted === 'last';
        self::$hasFibers = class_exists('Fiber', false) && getenv('IPDAEMON_FIBERS') !== '0';
        $library = self::load();
        self::$in = $library->new('ipdaemon_value');
        self::$inAddress = FFI::addr(self::$in);
        self::$out = $library->new('ipdaemon_value');
        self::$outAddress = FFI::addr(self::$out);
        self::$buffer = $library->new('uint8_t[' . self::BUFFER_SIZE . ']');
        // PHP never frees what it makes of a closure for C. So there is one for all handles, made once.
        self::$callbacks = $library->new('struct { ipdaemon_callback event; ipdaemon_data_batch batch; }');
        self::$callbacks->event = static function ($user, $handle, $event, $parameters, $count) {
            return self::onEvent($handle, $event, $parameters);
        };
        self::$callbacks->batch = static function ($user, $handle, $id, $bytes, $length, $count) {
            return self::deliver(array($handle, $id, FFI::string($bytes, $length), $count)) === null ? -1 : 0;
        };
        self::$library = $library;
        register_shutdown_function(array(self::class, 'unwind'));
        self::$closer = new self();
        $file = getenv('IPDAEMON_RECORD');
        if ($file !== false && $file !== '') self::$recorder = new ipworks_ipdaemon_recorder($file);
    }

    // ---- Finding the library

    private static function load(): FFI
    {
        if (!extension_loaded('ffi')) {
            throw new RuntimeException('ipworks_ipdaemon.php: this PHP (' . PHP_BINARY . ') has no FFI extension. It is part of '
                . 'php8.2-common in Debian and of php-ffi or php-common elsewhere; if it is installed, put extension=ffi '
                . 'into php.ini. `npx ipdaemon doctor` shows what is there.');
        }
        $failures = array();
        foreach (self::files() as $file) {
            if (!is_file($file)) {
                $failures[] = "$file: no such file";
                continue;
            }
            try {
                $library = FFI::cdef(self::DECLARATIONS, $file);
                $version = $library->ipdaemon_version();
            } catch (FFI\Exception $exception) {
                if (strpos($exception->getMessage(), 'ffi.enable') !== false) {
                    throw new RuntimeException('ipworks_ipdaemon.php: PHP may not use FFI here: ' . $exception->getMessage()
                        . '. Run the script on the command line with `php -d ffi.enable=1`, or set ffi.enable=1 in php.ini.');
                }
                $failures[] = "$file: " . $exception->getMessage();
                continue;
            }
            if ($version === self::VERSION) return $library;
            $failures[] = "$file: is version $version, and this file needs " . self::VERSION;
        }
        throw new RuntimeException("ipworks_ipdaemon.php: the library of ipdaemon cannot be loaded.\nTried:\n  "
            . implode("\n  ", $failures) . "\nWhat helps:\n  leave this file in the package ipdaemon " . self::VERSION
            . ", which brings the library; there, `npm run build:addon` builds it\n"
            . '  IPDAEMON_LIBRARY=FILE with the libipdaemon of version ' . self::VERSION . ' that was built elsewhere');
    }

    /** The files in the order in which they are tried. */
    private static function files(): array
    {
        $named = getenv('IPDAEMON_LIBRARY');
        if ($named !== false && $named !== '') return array($named);
        $suffixes = array('Darwin' => 'dylib', 'Windows' => 'dll');
        $suffix = $suffixes[PHP_OS_FAMILY] ?? 'so';
        $systems = array('Darwin' => 'darwin', 'Windows' => 'win32');
        $machine = strtolower(php_uname('m'));
        $machines = array('x86_64' => 'x64', 'amd64' => 'x64', 'aarch64' => 'arm64');
        $folder = ($systems[PHP_OS_FAMILY] ?? 'linux') . '-' . ($machines[$machine] ?? $machine);
        $libc = '';
        if (PHP_OS_FAMILY === 'Linux') {
            $maps = @file_get_contents('/proc/self/maps');
            $libc = $maps !== false && strpos($maps, '/ld-musl-') !== false ? '.musl' : '.glibc';
        }
        $root = dirname(__DIR__, 2);
        return array(
            __DIR__ . "/libipdaemon.$suffix",
            "$root/build/Release/libipdaemon.$suffix",
            "$root/prebuilds/$folder/libipdaemon$libc.$suffix",
        );
    }

    // ---- Values

    /** The number for what a script says is a handle; 0 is none. */
    public static function handle($res): int
    {
        if (self::$library === null) self::start();
        return is_int($res) && $res > 0 && $res <= 0x7fffffff ? $res : 0;
    }

    /** A connection id or another number. Anything else becomes -1, which is never an id. */
    public static function integer($value): int
    {
        if (is_int($value)) return $value >= -0x7fffffff && $value <= 0x7fffffff ? $value : -1;
        if ($value === null || is_bool($value)) return (int) $value;
        if (is_float($value) && $value == (int) $value) return self::integer((int) $value);
        return is_string($value) && preg_match('/^\s*[+-]?\d{1,10}\s*$/D', $value) ? self::integer((int) $value) : -1;
    }

    /** The text of what PHP can turn into text without a warning, otherwise null. */
    public static function text($value): ?string
    {
        $hasText = is_scalar($value) || $value === null || (is_object($value) && method_exists($value, '__toString'));
        return $hasText ? (string) $value : null;
    }

    /** Passes a code on, except for those that say that there is no such server. */
    public static function checked(string $name, int $code): int
    {
        if (isset(self::NO_RESOURCE[$code])) {
            throw new TypeError("ipworks_ipdaemon_$name(): supplied resource is not a valid ipdaemon resource: "
                . self::$library->ipdaemon_error_sentence($code));
        }
        return $code;
    }

    /** Records an error as if the library had found it. */
    public static function fail(int $handle, int $code, string $detail): int
    {
        return self::$library->ipdaemon_fail($handle, $code, $detail, strlen($detail));
    }

    private static function read(FFI\CData $value)
    {
        switch ($value->type) {
            case self::TYPE_INTEGER:
            case self::TYPE_FLAGS:
                return $value->integer;
            case self::TYPE_BOOLEAN:
                return $value->integer !== 0;
            case 0:
                return null;
            default:
                $length = $value->length;
                return $length === 0 ? '' : FFI::string($value->bytes, $length);
        }
    }

    private static function write(FFI\CData $value, int $type, string $text): ?FFI\CData
    {
        $length = strlen($text);
        $memory = $length <= self::BUFFER_SIZE ? self::$buffer : self::$library->new("uint8_t[$length]");
        FFI::memcpy($memory, $text, $length);
        $value->type = $type;
        $value->bytes = FFI::addr($memory[0]);
        $value->length = $length;
        return $memory;
    }

    public static function get($res, $id, $index)
    {
        $handle = self::handle($res);
        self::$library->ipdaemon_get($handle, self::integer($id), self::integer($index), self::$outAddress);
        $value = self::read(self::$out);
        if ($value === null) self::checked('get', self::$library->ipdaemon_get_last_error_code($handle));
        return $value;
    }

    public static function set($res, $id, $index, $value): int
    {
        $handle = self::handle($res);
        $property = self::integer($id);
        $connection = self::integer($index);
        if ($property === self::DATA_TO_SEND) return self::send('set', $res, $index, $value);
        if (is_float($value) && $value == (int) $value) $value = (int) $value;
        $number = isset(self::NUMBERS[$property]);
        if (is_int($value) || is_bool($value) || ($value === null && $number)) {
            self::$in->type = is_bool($value) ? self::TYPE_BOOLEAN : self::TYPE_INTEGER;
            self::$in->integer = (int) $value;
            // PHP's texts of true and false are '1' and ''.
            if (is_bool($value) && !$number) $memory = self::write(self::$in, self::TYPE_TEXT, (string) $value);
        } else {
            $text = self::text($value);
            if ($text === null) {
                $detail = 'a value is a text, a number or a boolean, and not ' . gettype($value);
                return self::checked('set', self::fail($handle, self::INVALID_VALUE, $detail));
            }
            $type = isset(self::BINARY[$property]) ? self::TYPE_BYTES : self::TYPE_TEXT;
            $memory = self::write(self::$in, $type, $text);
        }
        if (($property === self::TIMEOUT || $property === self::DEFAULT_TIMEOUT) && $value) self::$mayWait[$handle] = true;
        $arguments = array($handle, $property, $connection, self::$inAddress);
        $isQuiet = $property >= self::CONNECTION_FIRST && $property <= self::CONNECTION_LAST;
        if ($isQuiet && $property !== self::CONNECTED) return self::checked('set', self::$library->ipdaemon_set(...$arguments));
        if ($property === self::CONNECTED && self::$recorder !== null) self::$recorder->ends($handle, $connection);
        return self::pump('set', $arguments);
    }

    public static function config($res, $text): string
    {
        $handle = self::handle($res);
        $setting = self::text($text);
        if ($setting === null) {
            self::checked('do_config', self::fail($handle, self::INVALID_VALUE, "a setting is a text like 'Name=value'"));
            return '';
        }
        $code = self::$library->ipdaemon_do_config($handle, $setting, strlen($setting), self::$outAddress);
        return self::checked('do_config', $code) === 0 ? (string) self::read(self::$out) : '';
    }

    // ---- Calls that may deliver events

    /** do_send, do_sendline, do_sendfile, and set of DataToSend. */
    public static function send(string $name, $res, $connectionid, $text): int
    {
        $handle = self::handle($res);
        $connection = self::integer($connectionid);
        $bytes = is_string($text) ? $text : self::text($text);
        if ($bytes === null) {
            $detail = 'what is sent is a text, and not ' . gettype($text);
            $code = self::$library->ipdaemon_fail_send($handle, $connection, self::INVALID_VALUE, $detail, strlen($detail));
            return self::checked($name, $code);
        }
        $function = $name === 'set' ? 'do_send' : $name;
        if (isset(self::$mayWait[$handle])) {
            $code = self::pump($function, array($handle, $connection, $bytes, strlen($bytes)));
        } elseif ($function === 'do_send') {
            $code = self::$library->ipdaemon_do_send($handle, $connection, $bytes, strlen($bytes));
        } elseif ($function === 'do_sendline') {
            $code = self::$library->ipdaemon_do_sendline($handle, $connection, $bytes, strlen($bytes));
        } else {
            $code = self::$library->ipdaemon_do_sendfile($handle, $connection, $bytes, strlen($bytes));
        }
        if ($code === 0) {
            if (self::$recorder !== null) self::$recorder->sent($handle, $connection, $function, $bytes);
            return 0;
        }
        return self::checked($name, $code);
    }

    public static function disconnect($res, $connectionid): int
    {
        $handle = self::handle($res);
        $connection = self::integer($connectionid);
        if (self::$recorder !== null) self::$recorder->ends($handle, $connection);
        return self::pump('do_disconnect', array($handle, $connection));
    }

    public static function shutdown($res): int
    {
        $handle = self::handle($res);
        if (self::$recorder !== null) self::$recorder->ends($handle, 0);
        return self::pump('do_shutdown', array($handle));
    }

    public static function startSsl($res, $connectionid): int
    {
        $handle = self::handle($res);
        $connection = self::integer($connectionid);
        $code = self::pump('do_startssl', array($handle, $connection));
        if ($code === 0 && self::$recorder !== null) self::$recorder->secured($handle, $connection);
        return $code;
    }

    /** Calls the library, and throws what handlers have thrown meanwhile. */
    public static function pump(string $name, array $arguments): int
    {
        if (self::$innermost === null && self::$inside === 0) self::$kept = array();
        $outer = self::$thrown;
        self::$thrown = array();
        $code = self::$hasFibers ? self::pumpInFiber($name, $arguments) : self::$library->{"ipdaemon_$name"}(...$arguments);
        $thrown = self::$thrown;
        self::$thrown = $outer;
        if ($thrown !== array()) self::throwAll($thrown);
        return self::checked($name, $code);
    }

    private static function pumpInFiber(string $name, array $arguments): int
    {
        $fiber = array_pop(self::$idle) ?? self::newFiber();
        $outer = self::$innermost;
        self::$pumping[] = self::$innermost = $fiber;
        $request = $fiber->resume(array("ipdaemon_$name", $arguments));
        while (is_array($request)) {
            // exit() in the handler does not come back: unwind() goes on.
            $answer = self::run($request);
            if (self::$innermost !== $fiber) {
                throw new Error('ipworks_ipdaemon.php: a handler was suspended by a fiber of the script, and others that began '
                    . 'later have not returned');
            }
            $request = $fiber->resume($answer);
        }
        array_pop(self::$pumping);
        self::$innermost = $outer;
        self::$idle[] = $fiber;
        return $request;
    }

    // A fiber that makes one call after another. Between them no frame of C is on its stack.
    private static function newFiber(): Fiber
    {
        $fiber = new Fiber(static function (): void {
            $result = null;
            while (true) {
                list($function, $arguments) = Fiber::suspend($result);
                $result = self::$library->$function(...$arguments);
            }
        });
        $fiber->start();
        return $fiber;
    }

    private static function throwAll(array $thrown): void
    {
        $first = array_shift($thrown);
        try {
            foreach ($thrown as $other) trigger_error("a further handler has thrown: $other", E_USER_WARNING);
        } finally {
            // Whatever the error handler of the script does.
            throw $first;
        }
    }

    // ---- Events

    public static function register($res, $id, $function): int
    {
        $handle = self::handle($res);
        $event = self::integer($id);
        if ($function !== null && !is_string($function) && !is_array($function) && !is_object($function)) {
            $detail = 'a handler is a name, an array, a closure, or null for none; ' . gettype($function) . ' is neither';
            return self::checked('register_callback', self::fail($handle, self::INVALID_VALUE, $detail));
        }
        $wanted = $function !== null || (self::$recorder !== null && $event !== self::EVENT_DATA_IN);
        $callback = $wanted ? self::$callbacks->event : null;
        $code = self::$library->ipdaemon_register_callback($handle, $event, $callback, null);
        if (self::checked('register_callback', $code) !== 0) return $code;
        if ($function === null) unset(self::$handlers[$handle][$event]);
        else self::$handlers[$handle][$event] = $function;
        return $event === self::EVENT_DATA_IN ? self::registerBatch($handle, $function !== null) : 0;
    }

    private static function registerBatch(int $handle, bool $wanted): int
    {
        if (!isset(self::$descriptors[$handle])) {
            self::$descriptors[$handle] = self::$library->new('int32_t[' . (2 + 3 * self::BATCH_MAX) . ']');
        }
        $descriptor = FFI::addr(self::$descriptors[$handle][0]);
        $callback = $wanted ? self::$callbacks->batch : null;
        return self::$library->ipdaemon_register_data_batch($handle, $callback, null, $descriptor, self::BATCH_MAX);
    }

    // The library calls this.
    private static function onEvent(int $handle, int $event, FFI\CData $parameters): int
    {
        $rows = self::EVENTS[$event];
        $given = array();
        foreach ($rows as $i => $row) $given[$row[0]] = self::read($parameters[$i]);
        $param = self::deliver(array($handle, $event, $given));
        if ($param === null) return -1;
        foreach ($rows as $i => $row) {
            if ($row[1] && array_key_exists($row[0], $param) && $param[$row[0]] !== $given[$row[0]]) {
                self::change($parameters[$i], $param[$row[0]]);
            }
        }
        return 0;
    }

    private static function change(FFI\CData $value, $changed): void
    {
        if ($value->type === self::TYPE_BOOLEAN) {
            $value->integer = $changed ? 1 : 0;
        } elseif ($value->type === self::TYPE_INTEGER) {
            if (is_numeric($changed) || is_bool($changed)) $value->integer = (int) $changed;
        } elseif (($text = self::text($changed)) !== null) {
            // The library copies it when the callback has returned.
            $memory = self::$library->new('uint8_t[' . max(1, strlen($text)) . ']');
            FFI::memcpy($memory, $text, strlen($text));
            self::$kept[] = $memory;
            $value->bytes = FFI::addr($memory[0]);
            $value->length = strlen($text);
        }
    }

    /** Runs handlers outside of C where that is possible. Null tells the library to stop. */
    private static function deliver(array $request): ?array
    {
        if (self::$ending) return null;
        if (self::$innermost !== null && Fiber::getCurrent() === self::$innermost) return Fiber::suspend($request);
        self::$inside += 1;
        $answer = self::run($request);
        self::$inside -= 1;
        return $answer;
    }

    /** Three elements are an event, four are pieces of input. */
    private static function run(array $request): ?array
    {
        try {
            if (isset($request[3])) return self::runBatch(...$request);
            return self::runHandler(...$request);
        } catch (Throwable $exception) {
            self::$thrown[] = $exception;
            return null;
        }
    }

    private static function runHandler(int $handle, int $event, array $param): array
    {
        if (self::$recorder !== null) self::$recorder->event($handle, $event, $param);
        $handler = self::$handlers[$handle][$event] ?? null;
        if ($handler === null) return $param;
        if ($handler instanceof ipworks_ipdaemon_method) {
            $result = $handler->call($param);
        } else {
            // The parameter may be taken by reference.
            $result = $handler($param);
        }
        return is_array($result) ? $result + $param : $param;
    }

    private static function runBatch(int $handle, int $id, string $bytes, int $count): array
    {
        $descriptor = self::$descriptors[$handle];
        for ($piece = 0; $piece < $count; $piece++) {
            if (!isset(self::$handlers[$handle][self::EVENT_DATA_IN])) break;
            $descriptor[1] = $piece + 1;
            $at = 2 + 3 * $piece;
            $begin = $descriptor[$at];
            $text = substr($bytes, $begin, $descriptor[$at + 1] - $begin);
            $param = array('connectionid' => $id, 'text' => $text, 'eol' => $descriptor[$at + 2] !== 0);
            self::runHandler($handle, self::EVENT_DATA_IN, $param);
            // Something has happened that changes what comes next, so the rest is delivered again.
            if ($descriptor[0] !== 0) break;
        }
        return array();
    }

    // ---- Life

    public static function open()
    {
        self::start();
        $handle = self::$library->ipdaemon_open();
        if ($handle === 0) return false;
        self::$handlers[$handle] = array();
        if (self::$recorder !== null) {
            foreach (array_keys(self::EVENTS) as $event) {
                if ($event !== self::EVENT_DATA_IN) self::register($handle, $event, null);
            }
        }
        return $handle;
    }

    public static function close($res): int
    {
        $handle = self::handle($res);
        $code = self::checked('close', self::$library->ipdaemon_close($handle));
        // Inside a handler the library still looks at it.
        if (isset(self::$descriptors[$handle])) self::$kept[] = self::$descriptors[$handle];
        unset(self::$handlers[$handle], self::$descriptors[$handle], self::$mayWait[$handle]);
        return $code;
    }

    /** After exit() in a handler: the calls that it was in return, so that nothing of C is on any stack. */
    public static function unwind(): void
    {
        self::$ending = true;
        while (self::$pumping !== array()) array_pop(self::$pumping)->resume(null);
        self::$innermost = null;
        if (self::$inside > 0) self::$library->ipdaemon_end_gathering();
        else self::$ending = false;
    }

    /** The end of the script: servers that it has left open are closed, as resources are. */
    public function __destruct()
    {
        if (self::$inside > 0 || self::$pumping !== array()) return;
        foreach (array_keys(self::$handlers) as $handle) self::$library->ipdaemon_close($handle);
        self::$handlers = array();
    }
}

/** A fire method of an object that is not kept alive by it, so that unset() ends a server. */
final class ipworks_ipdaemon_method
{
    private $object;
    private $name;

    public function __construct(IPWorks_IPDaemon $object, string $name)
    {
        $this->object = WeakReference::create($object);
        $this->name = $name;
    }

    public function call(array &$param)
    {
        $object = $this->object->get();
        return $object === null ? null : $object->{$this->name}($param);
    }
}

/**
 * Writes what clients and the server say to each other as a session: a JSON file with one step a line, valid after each
 * step, that `ipdaemon replay` plays against another server.
 */
final class ipworks_ipdaemon_recorder
{
    private $file;
    /** @var array The last step, which may grow. */
    private $last = array();
    /** @var int Where it begins and where it ends. */
    private $begin = 0;
    private $end = 0;
    private $count = 0;
    private $first = 0;
    /** @var array Connections by name that the server has ended. */
    private $ended = array();

    const EVENT_CONNECTED = 1;
    const EVENT_DATA_IN = 3;
    const EVENT_DISCONNECTED = 4;
    const EOL = 8;
    const RECORD_LENGTH = 12;
    const SINGLE_LINE_MODE = 15;
    const SSL_ENABLED = 34;

    public function __construct(string $name)
    {
        $file = @fopen($name, 'wb');
        if ($file === false) throw new RuntimeException("ipworks_ipdaemon.php: IPDAEMON_RECORD: $name cannot be written");
        $this->file = $file;
        fwrite($file, "{\n  \"about\": \"Recorded by ipworks_ipdaemon.php.\",\n  \"args\": [\n    \"{port}\"\n  ],\n  \"steps\": [");
        $this->finish();
    }

    public function event(int $handle, int $event, array $param): void
    {
        if ($event !== self::EVENT_CONNECTED && $event !== self::EVENT_DATA_IN && $event !== self::EVENT_DISCONNECTED) return;
        $id = $param['connectionid'];
        $name = $this->name($handle, $id);
        if ($event === self::EVENT_DATA_IN) {
            $this->received($handle, $id, $param);
        } elseif ($event === self::EVENT_CONNECTED) {
            if ($param['statuscode'] !== 0) return;
            $this->step(array('open', $name));
            if (ipworks_ipdaemon_engine::get($handle, self::SSL_ENABLED, 0) === true) $this->step(array('tls', $name));
        } else {
            $byServer = isset($this->ended[$name]) || isset($this->ended[$this->name($handle, 0)]);
            $this->step(array($byServer ? 'eof' : 'close', $name));
            unset($this->ended[$name]);
        }
    }

    // DataIn comes without the end of the line; any that the server takes for one will do.
    private function received(int $handle, int $id, array $param): void
    {
        $records = ipworks_ipdaemon_engine::get($handle, self::RECORD_LENGTH, $id);
        $single = ipworks_ipdaemon_engine::get($handle, self::SINGLE_LINE_MODE, $id);
        $eol = $single ? "\r\n" : ipworks_ipdaemon_engine::get($handle, self::EOL, $id);
        $isLine = ($records === 0 || $records === null) && $param['eol'] && (string) $eol !== '';
        $text = $param['text'] . ($isLine ? $eol : '');
        $name = $this->name($handle, $id);
        $last = $this->last;
        if ($last === array() || $last[0] !== 'send' || $last[1] !== $name) {
            $this->step(array('send', $name, $text));
            return;
        }
        $last[] = $text;
        $this->replace($last);
    }

    public function sent(int $handle, int $id, string $function, string $text): void
    {
        if ($function === 'do_sendline') $text .= "\r\n";
        if ($function === 'do_sendfile') $text = (string) file_get_contents($text);
        if ($text === '') return;
        $name = $this->name($handle, $id);
        $last = $this->last;
        if ($last === array() || $last[0] !== 'expect' || $last[1] !== $name) {
            $this->step(array('expect', $name, $text));
            return;
        }
        $last[2] .= $text;
        $this->replace($last);
    }

    public function secured(int $handle, int $id): void
    {
        $this->step(array('tls', $this->name($handle, $id)));
    }

    /** The server ends a connection, or with 0 all of them. */
    public function ends(int $handle, int $id): void
    {
        $this->ended[$this->name($handle, $id)] = true;
    }

    // The connections of the first server by their ids.
    private function name(int $handle, int $id): string
    {
        if ($this->first === 0) $this->first = $handle;
        return $handle === $this->first ? "$id" : "$id of $handle";
    }

    private function step(array $step): void
    {
        $this->begin = $this->end;
        $this->count += 1;
        $this->replace($step);
    }

    private function replace(array $step): void
    {
        $this->last = $step;
        fseek($this->file, $this->begin);
        $words = array_map(array($this, 'json'), $step);
        fwrite($this->file, ($this->count > 1 ? ',' : '') . "\n    [" . implode(',', $words) . ']');
        $this->finish();
    }

    private function finish(): void
    {
        $this->end = ftell($this->file);
        fwrite($this->file, "\n  ]\n}\n");
        fflush($this->file);
    }

    // One character for each byte.
    private function json(string $text): string
    {
        $escaped = preg_replace_callback('/[^\x20\x21\x23-\x5b\x5d-\x7e]/', static function (array $match): string {
            return sprintf('\u%04x', ord($match[0]));
        }, $text);
        return '"' . $escaped . '"';
    }
}

function ipworks_ipdaemon_open($key = null)
{
    return ipworks_ipdaemon_engine::open();
}

function ipworks_ipdaemon_close($res)
{
    return ipworks_ipdaemon_engine::close($res);
}

function ipworks_ipdaemon_register_callback($res, $id, $function)
{
    return ipworks_ipdaemon_engine::register($res, $id, $function);
}

function ipworks_ipdaemon_get_last_error($res)
{
    ipworks_ipdaemon_get_last_error_code($res);
    return ipworks_ipdaemon_engine::$library->ipdaemon_get_last_error($res);
}

function ipworks_ipdaemon_get_last_error_code($res)
{
    $handle = ipworks_ipdaemon_engine::handle($res);
    $code = ipworks_ipdaemon_engine::$library->ipdaemon_get_last_error_code($handle);
    return ipworks_ipdaemon_engine::checked('get_last_error_code', $code);
}

/** With three arguments the third is the value, wherever the index stands. */
function ipworks_ipdaemon_set($res, $id, $index, $value = null)
{
    // Which order counts is known when the library is there.
    $res = ipworks_ipdaemon_engine::handle($res);
    if (func_num_args() === 3) return ipworks_ipdaemon_engine::set($res, $id, 0, $index);
    if (ipworks_ipdaemon_engine::$indexIsLast) return ipworks_ipdaemon_engine::set($res, $id, $value, $index);
    return ipworks_ipdaemon_engine::set($res, $id, $index, $value);
}

function ipworks_ipdaemon_get($res, $id, $index = 0)
{
    return ipworks_ipdaemon_engine::get($res, $id, $index);
}

function ipworks_ipdaemon_do_config($res, $configurationstring)
{
    return ipworks_ipdaemon_engine::config($res, $configurationstring);
}

function ipworks_ipdaemon_do_disconnect($res, $connectionid)
{
    return ipworks_ipdaemon_engine::disconnect($res, $connectionid);
}

function ipworks_ipdaemon_do_doevents($res)
{
    return ipworks_ipdaemon_engine::pump('do_doevents', array(ipworks_ipdaemon_engine::handle($res)));
}

function ipworks_ipdaemon_do_interrupt($res, $connectionid)
{
    $handle = ipworks_ipdaemon_engine::handle($res);
    return ipworks_ipdaemon_engine::pump('do_interrupt', array($handle, ipworks_ipdaemon_engine::integer($connectionid)));
}

function ipworks_ipdaemon_do_reset($res)
{
    return ipworks_ipdaemon_engine::pump('do_reset', array(ipworks_ipdaemon_engine::handle($res)));
}

function ipworks_ipdaemon_do_send($res, $connectionid, $text)
{
    return ipworks_ipdaemon_engine::send('do_send', $res, $connectionid, $text);
}

function ipworks_ipdaemon_do_sendfile($res, $connectionid, $filename)
{
    return ipworks_ipdaemon_engine::send('do_sendfile', $res, $connectionid, $filename);
}

function ipworks_ipdaemon_do_sendline($res, $connectionid, $text)
{
    return ipworks_ipdaemon_engine::send('do_sendline', $res, $connectionid, $text);
}

function ipworks_ipdaemon_do_shutdown($res)
{
    return ipworks_ipdaemon_engine::shutdown($res);
}

function ipworks_ipdaemon_do_startssl($res, $connectionid)
{
    return ipworks_ipdaemon_engine::startSsl($res, $connectionid);
}

/** A server. Derive from it and override the fire methods of the events that are wanted. */
class IPWorks_IPDaemon
{
    public $handle;

    public function __construct($key = null)
    {
        $this->handle = ipworks_ipdaemon_open($key);
        if ($this->handle === false) throw new Exception('no more servers can be opened: memory or descriptors have run out');
        foreach (self::FIRE as $event => $name) {
            $method = new ReflectionMethod($this, $name);
            // An event that nobody watches costs nothing.
            if ($method->class === self::class) continue;
            ipworks_ipdaemon_register_callback($this->handle, $event, new ipworks_ipdaemon_method($this, $name));
        }
    }

    public function __destruct()
    {
        if (!is_int($this->handle)) return;
        try {
            ipworks_ipdaemon_close($this->handle);
        } catch (TypeError $closed) {
            // The script has closed it.
        }
    }

    private function checked(int $code): int
    {
        if ($code !== 0) throw new Exception($code . ': ' . ipworks_ipdaemon_get_last_error($this->handle));
        return $code;
    }

    public function VERSION()
    {
        return ipworks_ipdaemon_get($this->handle, 0);
    }

    public function lastError()
    {
        return ipworks_ipdaemon_get_last_error($this->handle);
    }

    public function lastErrorCode()
    {
        return ipworks_ipdaemon_get_last_error_code($this->handle);
    }

    public function doConfig($configurationstring)
    {
        $value = ipworks_ipdaemon_do_config($this->handle, $configurationstring);
        $this->checked(ipworks_ipdaemon_get_last_error_code($this->handle));
        return $value;
    }

    public function doDisconnect($connectionid)
    {
        return $this->checked(ipworks_ipdaemon_do_disconnect($this->handle, $connectionid));
    }

    public function doEvents()
    {
        return $this->checked(ipworks_ipdaemon_do_doevents($this->handle));
    }

    public function doInterrupt($connectionid)
    {
        return $this->checked(ipworks_ipdaemon_do_interrupt($this->handle, $connectionid));
    }

    public function doReset()
    {
        return $this->checked(ipworks_ipdaemon_do_reset($this->handle));
    }

    public function doSend($connectionid, $text)
    {
        return $this->checked(ipworks_ipdaemon_do_send($this->handle, $connectionid, $text));
    }

    public function doSendFile($connectionid, $filename)
    {
        return $this->checked(ipworks_ipdaemon_do_sendfile($this->handle, $connectionid, $filename));
    }

    public function doSendLine($connectionid, $text)
    {
        return $this->checked(ipworks_ipdaemon_do_sendline($this->handle, $connectionid, $text));
    }

    public function doShutdown()
    {
        return $this->checked(ipworks_ipdaemon_do_shutdown($this->handle));
    }

    public function doStartSSL($connectionid)
    {
        return $this->checked(ipworks_ipdaemon_do_startssl($this->handle, $connectionid));
    }

    // <generated class>
    private const FIRE = array(
        1 => 'fireConnected',
        2 => 'fireConnectionRequest',
        3 => 'fireDataIn',
        4 => 'fireDisconnected',
        5 => 'fireError',
        6 => 'fireReadyToSend',
        7 => 'fireSSLClientAuthentication',
        8 => 'fireSSLConnectionRequest',
        9 => 'fireSSLStatus',
    );

    public function getConnectionBacklog()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 1, 0);
    }

    public function setConnectionBacklog($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 1, 0, $value));
    }

    public function getConnectionCount()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 2, 0);
    }

    public function getAcceptData($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 3, $connectionid);
    }

    public function setAcceptData($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 3, $connectionid, $value));
    }

    public function getBytesSent($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 4, $connectionid);
    }

    public function getConnected($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 5, $connectionid);
    }

    public function setConnected($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 5, $connectionid, $value));
    }

    public function getConnectionId($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 6, $connectionid);
    }

    public function setDataToSend($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 7, $connectionid, $value));
    }

    public function getEOL($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 8, $connectionid);
    }

    public function setEOL($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 8, $connectionid, $value));
    }

    public function getIdleTimeout($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 9, $connectionid);
    }

    public function setIdleTimeout($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 9, $connectionid, $value));
    }

    public function getLocalAddress($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 10, $connectionid);
    }

    public function getReadyToSend($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 11, $connectionid);
    }

    public function getRecordLength($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 12, $connectionid);
    }

    public function setRecordLength($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 12, $connectionid, $value));
    }

    public function getRemoteHost($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 13, $connectionid);
    }

    public function getRemotePort($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 14, $connectionid);
    }

    public function getSingleLineMode($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 15, $connectionid);
    }

    public function setSingleLineMode($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 15, $connectionid, $value));
    }

    public function getTimeout($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 16, $connectionid);
    }

    public function setTimeout($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 16, $connectionid, $value));
    }

    public function getUserData($connectionid)
    {
        return ipworks_ipdaemon_engine::get($this->handle, 17, $connectionid);
    }

    public function setUserData($connectionid, $value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 17, $connectionid, $value));
    }

    public function getDefaultEOL()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 18, 0);
    }

    public function setDefaultEOL($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 18, 0, $value));
    }

    public function getDefaultIdleTimeout()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 19, 0);
    }

    public function setDefaultIdleTimeout($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 19, 0, $value));
    }

    public function getDefaultMaxLineLength()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 20, 0);
    }

    public function setDefaultMaxLineLength($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 20, 0, $value));
    }

    public function getDefaultSingleLineMode()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 21, 0);
    }

    public function setDefaultSingleLineMode($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 21, 0, $value));
    }

    public function getDefaultTimeout()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 22, 0);
    }

    public function setDefaultTimeout($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 22, 0, $value));
    }

    public function getKeepAlive()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 23, 0);
    }

    public function setKeepAlive($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 23, 0, $value));
    }

    public function getLinger()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 24, 0);
    }

    public function setLinger($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 24, 0, $value));
    }

    public function getListening()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 25, 0);
    }

    public function setListening($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 25, 0, $value));
    }

    public function getLocalHost()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 26, 0);
    }

    public function setLocalHost($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 26, 0, $value));
    }

    public function getLocalPort()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 27, 0);
    }

    public function setLocalPort($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 27, 0, $value));
    }

    public function getSSLAuthenticateClients()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 28, 0);
    }

    public function setSSLAuthenticateClients($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 28, 0, $value));
    }

    public function getSSLCertEncoded()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 29, 0);
    }

    public function setSSLCertEncoded($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 29, 0, $value));
    }

    public function getSSLCertStore()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 30, 0);
    }

    public function setSSLCertStore($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 30, 0, $value));
    }

    public function getSSLCertStorePassword()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 31, 0);
    }

    public function setSSLCertStorePassword($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 31, 0, $value));
    }

    public function getSSLCertStoreType()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 32, 0);
    }

    public function setSSLCertStoreType($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 32, 0, $value));
    }

    public function getSSLCertSubject()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 33, 0);
    }

    public function setSSLCertSubject($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 33, 0, $value));
    }

    public function getSSLEnabled()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 34, 0);
    }

    public function setSSLEnabled($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 34, 0, $value));
    }

    public function getSSLStartMode()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 35, 0);
    }

    public function setSSLStartMode($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 35, 0, $value));
    }

    public function getRuntimeLicense()
    {
        return ipworks_ipdaemon_engine::get($this->handle, 2011, 0);
    }

    public function setRuntimeLicense($value)
    {
        return $this->checked(ipworks_ipdaemon_engine::set($this->handle, 2011, 0, $value));
    }

    /** A connection is established, or could not be. */
    public function fireConnected($param)
    {
        return $param;
    }

    /** A peer asks to connect; there is no connection id yet. */
    public function fireConnectionRequest($param)
    {
        return $param;
    }

    /** Data has come. */
    public function fireDataIn($param)
    {
        return $param;
    }

    /** A connection is gone. */
    public function fireDisconnected($param)
    {
        return $param;
    }

    /** Something went wrong that no call can report. */
    public function fireError($param)
    {
        return $param;
    }

    /** The connection takes data: once after Connected, and once after each refused send. */
    public function fireReadyToSend($param)
    {
        return $param;
    }

    /** A client presents its certificate, or none, in the TLS handshake. Only Connected proves that it has the key. */
    public function fireSSLClientAuthentication($param)
    {
        return $param;
    }

    /** A client starts a TLS handshake; another certificate may be chosen for it. */
    public function fireSSLConnectionRequest($param)
    {
        return $param;
    }

    /** Progress of a TLS handshake, for information. */
    public function fireSSLStatus($param)
    {
        return $param;
    }
    // </generated>
}
