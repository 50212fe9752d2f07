<?php
// A gauge gateway with binary frames: a length of 16 bits, a byte of bit fields, then fields by type.
require 'ipworks_ipdaemon.php';

define('TYPE_READING', 1);
define('TYPE_QUERY', 2);
define('TYPE_CLOCK', 3);

$port = (int) $argv[1];
$buffers = array();
$readings = array();

function reply($res, $id, $type, $flags, $body) {
    // Four bits of type, three of flags, one of parity.
    $head = ($type & 0x0f) << 4 | ($flags & 0x07) << 1;
    $head |= parity($head);
    ipworks_ipdaemon_do_send($res, $id, pack('nC', strlen($body) + 1, $head) . $body);
}

function parity($byte) {
    $ones = 0;
    for ($i = 0; $i < 8; $i++) if ($byte >> $i & 1) $ones++;
    return $ones % 2;
}

function checksum($text) {
    $sum = 0;
    foreach (str_split($text) as $letter) $sum = (($sum << 5) ^ ($sum >> 11) ^ ord($letter)) & 0xffff;
    return $sum;
}

function frame($res, $id, $frame) {
    global $readings;
    $head = ord($frame[0]);
    $type = $head >> 4;
    $flags = $head >> 1 & 7;
    if (parity($head) != 0) {
        reply($res, $id, 15, 1, 'parity');
        return;
    }
    $body = substr($frame, 1);
    switch ($type) {
        case TYPE_READING:
            if (strlen($body) < 9) { reply($res, $id, 15, 2, 'short'); break; }
            $u = unpack('ngauge/cscale/Nvalue/nsum', $body);
            if ($u['sum'] != checksum(substr($body, 0, 7))) { reply($res, $id, 15, 3, pack('n', checksum(substr($body, 0, 7)))); break; }
            // Two's complement by hand: N is unsigned.
            $value = $u['value'] >= 0x80000000 ? $u['value'] - 0x100000000 : $u['value'];
            $readings[$u['gauge']][] = $value * pow(10, $u['scale']);
            reply($res, $id, TYPE_READING, count($readings[$u['gauge']]) & 7, $flags & 1 ? pack('v', $u['gauge']) : '');
            break;
        case TYPE_QUERY:
            $u = unpack('ngauge', $body);
            $list = isset($readings[$u['gauge']]) ? $readings[$u['gauge']] : array();
            $text = sprintf('%d:%s', count($list), implode(',', array_map(function ($v) { return sprintf('%.2f', $v); }, $list)));
            reply($res, $id, TYPE_QUERY, 0, pack('Ca*', strlen($text), $text));
            break;
        case TYPE_CLOCK:
            $u = unpack('Nhigh/Nlow', $body);
            $ticks = $u['high'] * 4294967296 + $u['low'];
            reply($res, $id, TYPE_CLOCK, 0, pack('J', $ticks + 1) . bin2hex(pack('d', 1.5)) . strrev(pack('e', 0.25)));
            break;
        default:
            reply($res, $id, 15, 7, pack('H*', sprintf('%02x', $head)) . pack('A6', 'type'));
    }
}

function on_data($param) {
    global $buffers, $res;
    $id = $param['connectionid'];
    $buffers[$id] .= $param['text'];
    while (strlen($buffers[$id]) >= 2) {
        list(, $length) = unpack('n', $buffers[$id]);
        if (strlen($buffers[$id]) < 2 + $length) break;
        $frame = substr($buffers[$id], 2, $length);
        $buffers[$id] = (string) substr($buffers[$id], 2 + $length);
        if ($length > 0) frame($res, $id, $frame);
    }
}

function on_connected($param) {
    global $buffers;
    $buffers[$param['connectionid']] = '';
}

function on_disconnected($param) {
    global $buffers;
    printf("%d: %d bytes left\n", $param['connectionid'], strlen($buffers[$param['connectionid']]));
    unset($buffers[$param['connectionid']]);
}

$res = ipworks_ipdaemon_open('');
ipworks_ipdaemon_register_callback($res, 1, 'on_connected');
ipworks_ipdaemon_register_callback($res, 3, 'on_data');
ipworks_ipdaemon_register_callback($res, 4, 'on_disconnected');
ipworks_ipdaemon_set($res, 26, 0, '127.0.0.1');
ipworks_ipdaemon_set($res, 27, 0, $port);
if (ipworks_ipdaemon_set($res, 25, 0, true) != 0) die(ipworks_ipdaemon_get_last_error($res) . "\n");
while (true) ipworks_ipdaemon_do_doevents($res);
