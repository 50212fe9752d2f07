<?php
// Each row of "exact" on the page: prints the same under PHP and as a port.
function show($label, $value) { echo $label, ': ', is_array($value) ? implode(',', $value) : (is_bool($value) ? ($value ? 'true' : 'false') : ($value === null ? 'null' : $value)), "\n"; }

// texts
$a = array('k' => 'v', 3 => 'three', 'n' => array('m' => 'deep'));
$s = 'hello';
$name = 'World';
echo "Hello $name, $a[k] $a[3] {$a['k']} {$a['n']['m']}\n";
echo 'single $name \n', "\n";
echo "\x41\101\u{e4}\t\$\\ \q\n";
echo <<<TEXT
  heredoc $name
    "quoted" {$a['n']['m']}
  TEXT;
echo "\n", <<<'RAW'
nowdoc $name \n
RAW, "\n";
echo "two
lines ü\n";
show('first', $s[0]);
show('last', $s[-1]);
show('bytes', strlen('ü'));
show('index', "$s[1]$s[-2]");

// numbers
show('hex', 0x1F + 017 + 0b101 + 1_000);
show('div', 7 / 2);
show('intdiv', intdiv(-7, 2));
show('mod', -7 % 3);
show('pow', 2 ** 10);
show('neg', -2 ** 2);
show('bits', (5 & 3) . ',' . (5 | 3) . ',' . (5 ^ 3) . ',' . (~5) . ',' . (1 << 40) . ',' . (-8 >> 1));
try { echo 1 % 0; } catch (DivisionByZeroError $e) { show('zero', $e->getMessage()); }
try { $zero = 0; echo 1 / $zero; } catch (DivisionByZeroError $e) { show('zero', $e->getMessage()); }
$x = '5'; $x += 3; show('add', $x);
$x = 'a'; $x .= 1 . 2; show('cat', $x);
$z = 'Az'; $z++; show('inc', $z);
$f = 0.1 + 0.2; show('float', $f);
show('exp', 1e20 . ' ' . 1.0);

// comparison
show('eq', '1e3' == '1000');
show('eq2', 0 == 'a');
show('eq3', null == false);
show('eq4', '0' == false);
show('eq5', 'abc' == 'ABC');
show('eq6', array(1, 2) == array('1', '2'));
show('id', array(1, 2) === array(1, 2));
show('id2', 1 === '1');
show('lt', '10' < '9');
show('lt2', '10' < '9a');
show('cmp', (1 <=> 2) . (2 <=> 2) . ('b' <=> 'a'));
show('truth', '0' ? 'yes' : 'no');
show('truth2', array() ? 'yes' : 'no');
show('empty', empty($nothing) && empty('0') && !empty('00'));
switch ('1.0') { case '1': echo "switch one\n"; break; default: echo "switch default\n"; }
$mixed = array('10', 9, 'a', '1e1', 'B');
show('in', in_array('1e1', array('10')));

// arrays
$list = array(5 => 'a', 'b', '7' => 'c', -3 => 'd', 'e');
foreach ($list as $k => $v) echo "$k=$v ";
echo "\n";
$list[] = 'f';
$list['x']['y'][] = 1;
$list['x']['y'][] = 2;
show('nested', count($list['x']['y']));
$copy = $list;
$copy['x']['y'][0] = 'changed';
show('value', $list['x']['y'][0]);
function change($p) { $p['x'] = 'inside'; return $p; }
$after = change($list);
show('param', is_array($list['x']) ? 'array' : $list['x']);
$sum = array(1, 2) + array(9, 9, 3);
show('plus', $sum);
show('spread', [...[1, 2], ...[3], 4]);
[$p, ["j" => $q, "k" => $r]] = [1, ["k" => 3, "j" => 2]];
show('list', "$p$q$r");
list(, $second) = array('one', 'two');
show('list2', $second);
['a' => $aa, 'b' => $bb] = ['b' => 2, 'a' => 1];
show('list3', $aa . $bb);
[$p, $q] = [$q, $p];
show('swap', $p . $q);
$grow = array(1, 2, 3);
foreach ($grow as $v) if (count($grow) < 6) $grow[] = $v * 10;
show('snapshot', $grow);
foreach ($grow as &$v) $v++;
unset($v);
show('by reference', $grow);
foreach (array(array(1, 2), array(3, 4)) as list($one, $two)) echo $one + $two, ' ';
echo "\n";
unset($grow[0], $grow[1]);
$grow[] = 'end';
foreach ($grow as $k => $v) echo "$k:$v ";
echo "\n";

// variables
$counter = 0;
function count_up() { global $counter; static $calls = 0; $calls++; $counter += $calls; return $calls; }
count_up(); count_up();
show('global', $counter);
show('static', count_up());
function through_globals() { $GLOBALS['counter'] = 'set'; return $GLOBALS['counter'] . isset($GLOBALS['no']); }
show('globals', through_globals());
show('isset', isset($a['n']['m']) && !isset($a['n']['z']['q']) && !isset($none->x));
show('coalesce', $a['no']['way'] ?? $none ?? 'default');
$u = null; $u ??= 'set'; $u ??= 'again';
show('coalesce2', $u);
show('compact', implode(',', array_keys(compact('u', 'p'))));
$r1 = 1; $r2 = &$r1; $r2 = 5;
show('alias', $r1);
unset($u);
show('unset', isset($u));

// functions
function defaults($a, $b = 2, ...$rest) { return "$a$b" . count($rest) . implode('', $rest); }
show('defaults', defaults(1) . ' ' . defaults(1, 3, 4, 5));
show('unpack', defaults(...array(7, 8, 9)));
function add_one(&$n) { $n++; }
$n = 1; add_one($n); add_one($a['made']); show('reference', $n . $a['made']);
function push_on(array &$to, $what) { $to[] = $what; }
$stack = array(); push_on($stack, 'x'); push_on($stack, 'y'); show('reference2', $stack);
function all_args() { return implode('|', func_get_args()) . func_num_args(); }
show('args', all_args('a', 'b'));
$fname = 'defaults';
show('by name', $fname(4));
$by = 2;
$times = function ($n) use ($by) { return $n * $by; };
$by = 100;
show('closure', $times(4));
$total = 0;
$adder = function ($n) use (&$total) { $total += $n; };
$adder(2); $adder(3);
show('closure2', $total);
$fns = array();
for ($i = 0; $i < 3; $i++) $fns[] = fn($m) => $m + $i;
show('arrow', $fns[0](10) . $fns[2](10));
show('callable', array_map(strlen(...), ['a', 'bbb']));
show('callback', array_map('strtoupper', array('a', 'b')));
$cmp = array(3, 1, 2); usort($cmp, function ($a, $b) { return $b - $a; });
show('usort', $cmp);
show('shadow', (function () { return isset($total) ? 'seen' : 'own'; })());

// control
for ($i = 0, $j = 10; $i < $j; $i += 3, $j--);
show('for', "$i $j");
$i = 0; do { $i++; } while ($i < 5); show('do', $i);
while (true): if (++$i > 8) break; endwhile; show('while', $i);
if ($i == 1): echo "no\n"; elseif ($i == 9): echo "elseif\n"; else: echo "no\n"; endif;
foreach (array(1, 2, 3) as $o) { foreach (array(1, 2, 3) as $in) { if ($in == 2) continue 2; if ($o == 3) break 2; echo "$o.$in "; } }
echo "\n";
foreach (array(1, 2, 3) as $o) { switch ($o) { case 1: continue 2; case 2: echo 'two'; case 9: echo 'fall'; break; default: echo 'other'; } echo ' '; }
echo "\n";
show('match', match (true) { $i > 100 => 'big', $i > 5, $i < 0 => 'middle', default => 'small' });
show('match2', match ($i) { 9 => 'nine', default => 'none' });
try { echo match ($i) { 1 => 'x' }; } catch (\UnhandledMatchError $e) { show('unhandled', $e->getMessage()); }
function finally_order() { try { throw new RuntimeException('r', 3); } catch (InvalidArgumentException | RuntimeException $e) { return 'caught ' . $e->getCode(); } finally { echo '[finally]'; } }
show('try', finally_order());
function thrower() { return null ?? throw new LogicException('thrown'); }
try { thrower(); } catch (Exception $e) { show('throw', get_class($e) . $e->getMessage()); }
?>
text outside <?= $i ?> of tags
<?php
// classes
interface Shape { const SIDES = 0; public function area(); }
abstract class Base implements Shape
{
    public static $made = 0;
    protected $tags = array();
    const KIND = 'base';
    public function __construct(protected string $label = 'none') { self::$made++; static::touch(); }
    public static function create(...$args) { return new static(...$args); }
    public static function touch() { }
    public function kind() { return static::KIND . '/' . self::KIND; }
    public function tag($t) { $this->tags[] = $t; return $this; }
    public function tags() { return $this->tags; }
    public function __toString(): string { return $this->label . ':' . $this->area(); }
    abstract public function area();
}
class Square extends Base
{
    const KIND = 'square';
    const SIDES = 4;
    private $side;
    public function __construct($side) { parent::__construct('sq'); $this->side = $side; }
    public function area() { return $this->side * $this->side; }
    public function Describe() { return "{$this->label} {$this->side}"; }
}
class Late extends Base
{
    public $early;
    public function __construct() { $this->early = 'first'; parent::__construct('late'); }
    public function area() { return 0; }
}
$sq = new Square(3);
show('string', "$sq");
show('kind', $sq->kind());
show('create', Square::create(2)->area());
show('made', Base::$made);
show('const', Square::SIDES . Square::KIND . $sq::KIND);
show('instanceof', $sq instanceof Shape && $sq instanceof Base && !($sq instanceof Late));
show('case', $sq->describe());
$m = 'area'; show('computed', $sq->$m());
$prop = 'early'; $late = new Late; show('late', $late->$prop . $late);
$t = $sq->tag('x')->tag('y')->tags(); $t[] = 'z'; show('own array', count($sq->tags()));
$cls = 'Square'; $dyn = new $cls(5); show('dynamic', $dyn->area());
show('class', get_class($dyn) . Square::class);
show('method_exists', method_exists($dyn, 'AREA'));
show('call', call_user_func(array($dyn, 'area')) . call_user_func_array('defaults', array(1, 2)));
$anon = new class(4) { public $v; function __construct($v) { $this->v = $v; } function twice() { return $this->v * 2; } };
show('anonymous', $anon->twice());
show('nullsafe', $none?->foo?->bar ?? 'nothing');
class OwnError extends Exception { public function __construct($m, private $extra) { parent::__construct($m, 42); } public function extra() { return $this->extra; } }
try { throw new OwnError('own', 'more'); } catch (OwnError $e) { show('own', $e->getMessage() . $e->getCode() . $e->extra()); }
try { try { throw new Exception('inner'); } catch (Exception $e) { throw new RuntimeException('outer', 1, $e); } } catch (Exception $e) { show('previous', $e->getPrevious()->getMessage()); }
class Old { var $n; function Old_style() { return 'old'; } }
$o = new Old; $o->n = 1; $o->dynamic = 2; $o->n++; show('property', $o->n . $o->dynamic . $o->Old_style());
show('silent', @$a['missing']);
define('LATER', 'defined');
show('constant', LATER . (defined('LATER') ? 1 : 0) . PHP_EOL === "defined1\n");
uses_below();
function uses_below() { $b = new Below; show('below', $b->x()); }
class Below { function x() { return 'declared below'; } }
echo 'line ', __LINE__, ' ', __FUNCTION__, "\n";
exit("bye\n");
