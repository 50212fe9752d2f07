<?php
// Answers calls as PHP does: each line of standard input is JSON, [name, [argument, ...]]; the answer is
// [name, [argument, ...], result], and behind it the arguments after the call where one of them is a reference.
// Texts have one character per byte. Arrays are {"a": [[key, value], ...]}, what JSON has not is {"f": "NAN"}, an
// exception is {"x": class, "m": message}.
error_reporting(0);
ini_set('precision', '14');
ini_set('serialize_precision', '-1');
date_default_timezone_set('UTC');

function text(string $bytes): string
{
    return utf8_encode($bytes);
}

function bytes(string $text): string
{
    return utf8_decode($text);
}

function encode($value)
{
    if (is_string($value)) return text($value);
    if (is_float($value) && !is_finite($value)) return ['f' => (string) $value];
    if (is_float($value) && $value == floor($value) && abs($value) < 2 ** 63) return (int) $value;
    if (is_array($value)) {
        $pairs = [];
        foreach ($value as $key => $one) $pairs[] = [encode($key), encode($one)];
        return ['a' => $pairs];
    }
    if ($value instanceof Closure) return null;
    if (is_object($value)) return ['o' => get_class($value), 'p' => encode((array) $value)];
    return $value;
}

function decode($value)
{
    if (is_string($value)) return bytes($value);
    if (!is_array($value)) return $value;
    if (isset($value['f'])) return constant(ltrim($value['f'], '-')) * ($value['f'][0] === '-' ? -1 : 1);
    if (isset($value['c'])) return $GLOBALS['callbacks'][$value['c']];
    $result = [];
    foreach ($value['a'] as [$key, $one]) $result[decode($key)] = decode($one);
    return $result;
}

// What the library calls by a name of its own.
$operators = [
    'eq' => fn ($a, $b) => $a == $b, 'identical' => fn ($a, $b) => $a === $b,
    'lt' => fn ($a, $b) => $a < $b, 'le' => fn ($a, $b) => $a <= $b, 'gt' => fn ($a, $b) => $a > $b, 'ge' => fn ($a, $b) => $a >= $b,
    'cmp' => fn ($a, $b) => $a <=> $b,
    'add' => fn ($a, $b) => $a + $b, 'sub' => fn ($a, $b) => $a - $b, 'mul' => fn ($a, $b) => $a * $b,
    'div' => fn ($a, $b) => $a / $b, 'mod' => fn ($a, $b) => $a % $b, 'pow' => fn ($a, $b) => $a ** $b,
    'bitAnd' => fn ($a, $b) => $a & $b, 'bitOr' => fn ($a, $b) => $a | $b, 'bitXor' => fn ($a, $b) => $a ^ $b,
    'bitNot' => fn ($a) => ~$a, 'shiftLeft' => fn ($a, $b) => $a << $b, 'shiftRight' => fn ($a, $b) => $a >> $b,
    'neg' => fn ($a) => -$a, 'plus' => fn ($a) => +$a, 'xor' => fn ($a, $b) => $a xor $b, 'cat' => fn ($a, $b) => $a . $b,
    'inc' => function ($a) { $a++; return $a; }, 'dec' => function ($a) { $a--; return $a; },
    'truthy' => fn ($a) => (bool) $a, 'int' => fn ($a) => (int) $a, 'float' => fn ($a) => (float) $a, 'str' => fn ($a) => (string) $a,
    'item' => fn ($a, $b) => $a[$b], 'itemQuiet' => fn ($a, $b) => $a[$b] ?? null,
    'seeded' => function ($seed, $name, ...$args) {
        mt_srand($seed);
        $drawn = [];
        for ($i = 0; $i < 5; $i++) $drawn[] = $name(...$args);
        return $drawn;
    },
    'setByte' => function ($s, $at, $byte) { $s[$at] = $byte; return $s; },
];
// Callbacks by name; calls.js has the same.
$callbacks = [
    'crooked' => fn ($a, $b) => ($a * 7) % 13 - ($b * 5) % 11,
    'isLess' => fn ($a, $b) => $a > $b,
    'byLength' => fn ($a, $b) => strlen($a) - strlen($b),
    'twice' => fn ($a) => $a . $a,
    'isOdd' => fn ($a) => $a % 2,
    'join' => fn (...$a) => implode('-', $a),
    'first' => fn ($m) => '<' . $m[0] . '>',
    'addTo' => fn ($carry, $a) => $carry + $a,
];
// `var_dump` and so on say whether a number is a float; the library cannot know.
while (($line = fgets(STDIN)) !== false) {
    [$name, $args] = json_decode($line, true);
    $given = array_map('decode', $args);
    $refs = [];
    foreach ($given as $i => $_) $refs[] = &$given[$i];
    $hasReference = false;
    try {
        $call = $operators[$name] ?? $name;
        if (!isset($operators[$name])) {
            foreach ((new ReflectionFunction($name))->getParameters() as $param) $hasReference = $hasReference || $param->isPassedByReference();
        }
        $result = encode($call(...$refs));
    } catch (Throwable $error) {
        $result = ['x' => get_class($error), 'm' => text($error->getMessage())];
    }
    $answer = [$name, $args, $result];
    if ($hasReference) $answer[] = array_map('encode', $given);
    echo json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION), "\n";
    unset($refs, $given);
}
