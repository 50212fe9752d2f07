<?php
// Stock of a shop as it was written in 2006: globals, loose comparisons, references, text and numbers mixed.
require 'ipworks_ipdaemon.php';

$stock = array('bolt' => '100', 'nut' => 250, '7' => '07', 'washer' => '1e2', 'pin' => '');
$users = array();
$errors = 0;

function out($s) { global $res, $current; ipworks_ipdaemon_do_send($res, $current, $s . "\n"); }

function find($what)
{
    global $stock;
    reset($stock);
    foreach ($stock as $k => $v) if ($k == $what) return $k;
    return false;
}

function change(&$n, $by) { if ($n == '') $n = 0; $n += $by; return $n; }

function cmd_take($a)
{
    global $stock, $errors;
    $k = find($a[1]);
    if ($k === false) { $errors++; return out("no $a[1]"); }
    if ($stock[$k] < @$a[2] or !@$a[2]) { $errors++; return out("not so many, only " . ($stock[$k] ? $stock[$k] : 'none')); }
    out("left " . change($stock[$k], -$a[2]));
}

function cmd_put($a) { global $stock; if (!isset($stock[$a[1]])) $stock[$a[1]] = null; out('now ' . change($stock[$a[1]], (int) $a[2])); }

function cmd_same($a) { out(($a[1] == $a[2] ? 'equal' : 'different') . ' ' . ($a[1] === $a[2] ? 'identical' : 'not identical') . ' ' . ($a[1] < $a[2] ? 'less' : 'not less')); }

function cmd_list($a)
{
    global $stock;
    $copy = $stock;
    if (@$a[1] == 'n') arsort($copy); else ksort($copy, SORT_STRING);
    while (list($k, $v) = pair($copy)) out(str_pad($k, 8, '.') . sprintf('%5d', $v) . ($v == 0 ? ' !' : ''));
    out('.');
}

function pair(&$list)
{
    if (key($list) === null) return false;
    $p = array(key($list), current($list));
    next($list);
    return $p;
}

function cmd_sum($a) { $t = 0; foreach ($GLOBALS['stock'] as $v) { if (!is_numeric($v)) continue; $t = $t + $v; } out("total $t"); }

function cmd_find($a) { $r = array_search($a[1], array_values($GLOBALS['stock'])); out($r === false ? 'nowhere' : "at $r"); }

function cmd_who($a) { global $users, $current; static $asked = 0; $asked++; out("you are number $users[$current], asked $asked times, errors $GLOBALS[errors]"); }

function on_in($p)
{
    global $current, $res;
    $current = $p['connectionid'];
    $a = preg_split('/[\s,]+/', trim($p['text']));
    if ($a[0] == '') return;
    $f = 'cmd_' . strtolower($a[0]);
    if (function_exists($f)) $f($a);
    else if ($a[0] == 'bye') { out('bye'); ipworks_ipdaemon_do_disconnect($res, $current); }
    else out("what is '$a[0]'?");
}

function on_new($p) { global $users; $users[$p['connectionid']] = count($users) + 1; }

$res = ipworks_ipdaemon_open('key');
ipworks_ipdaemon_set($res, 18, 0, "\n");
ipworks_ipdaemon_register_callback($res, 1, 'on_new');
ipworks_ipdaemon_register_callback($res, 3, 'on_in');
ipworks_ipdaemon_set($res, 26, 0, '127.0.0.1');
ipworks_ipdaemon_set($res, 27, 0, $argv[1]);
ipworks_ipdaemon_set($res, 25, 0, true) == 0 or die(ipworks_ipdaemon_get_last_error($res));
for (;;) ipworks_ipdaemon_do_doevents($res);
