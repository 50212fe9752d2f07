<?php
// Takes mail: greeting, STARTTLS, envelope, text with dots. Nothing is kept but a count and a digest.
require 'ipworks_ipdaemon.php';

$sessions = array();
$res = ipworks_ipdaemon_open();

function say($id, $text) {
    global $res;
    ipworks_ipdaemon_do_send($res, $id, $text . "\r\n");
}

function fresh() {
    return array('from' => null, 'to' => array(), 'lines' => null);
}

function on_connected($param) {
    global $sessions, $res;
    $id = $param['connectionid'];
    $sessions[$id] = fresh() + array('tls' => false, 'helo' => '');
    ipworks_ipdaemon_set($res, 8, $id, "\r\n");
    say($id, '220 mail ready');
}

function text_line($id, &$session, $line) {
    if ($line !== '.') {
        $session['lines'][] = isset($line[0]) && $line[0] === '.' ? substr($line, 1) : $line;
        return;
    }
    $text = implode("\r\n", $session['lines']);
    say($id, sprintf('250 %d lines, %d bytes, %s for %s', count($session['lines']), strlen($text), strtoupper(dechex(crc32($text))), implode(', ', $session['to'])));
    $session = array_merge($session, fresh());
}

function on_data($param) {
    global $sessions, $res;
    $id = $param['connectionid'];
    $session = &$sessions[$id];
    $line = $param['text'];
    if ($session['lines'] !== null) {
        text_line($id, $session, $line);
        return;
    }
    if (!preg_match('/^([A-Z]{4,8})(?:\s+(.*))?$/i', $line, $m)) {
        say($id, '500 what?');
        return;
    }
    $rest = isset($m[2]) ? $m[2] : '';
    switch (strtolower($m[1])) {
        case 'helo':
        case 'ehlo':
            $session['helo'] = $rest;
            say($id, "250-hello $rest");
            if (!$session['tls']) say($id, '250-STARTTLS');
            say($id, '250 8BITMIME');
            break;
        case 'starttls':
            say($id, '220 go ahead');
            if (ipworks_ipdaemon_do_startssl($res, $id) === 0) $session = array('tls' => true) + fresh() + $session;
            break;
        case 'mail':
            if (!$session['tls']) { say($id, '530 STARTTLS first'); break; }
            if (!preg_match('/^FROM:\s*<([^>]*)>/i', $rest, $address)) { say($id, '501 bad address'); break; }
            $session['from'] = $address[1];
            say($id, '250 from ' . ($address[1] ?: 'nobody'));
            break;
        case 'rcpt':
            if ($session['from'] === null) { say($id, '503 MAIL first'); break; }
            if (!preg_match('/^TO:\s*<(?P<local>[^@>]+)@(?P<domain>[a-z0-9.-]+)>/i', $rest, $address)) { say($id, '501 bad address'); break; }
            $session['to'][] = $address['local'] . '@' . strtolower($address['domain']);
            say($id, '250 to ' . count($session['to']));
            break;
        case 'data':
            if (empty($session['to'])) { say($id, '503 RCPT first'); break; }
            $session['lines'] = array();
            say($id, '354 end with a dot');
            break;
        case 'quit':
            say($id, '221 bye');
            ipworks_ipdaemon_do_disconnect($res, $id);
            break;
        default:
            say($id, "502 no {$m[1]} here");
    }
}

ipworks_ipdaemon_register_callback($res, 1, 'on_connected');
ipworks_ipdaemon_register_callback($res, 3, 'on_data');
ipworks_ipdaemon_register_callback($res, 4, function ($param) { global $sessions; unset($sessions[$param['connectionid']]); });
ipworks_ipdaemon_set($res, 32, 0, 7);
ipworks_ipdaemon_set($res, 30, 0, file_get_contents($argv[2]));
ipworks_ipdaemon_set($res, 33, 0, '*');
ipworks_ipdaemon_set($res, 26, 0, '127.0.0.1');
ipworks_ipdaemon_set($res, 27, 0, (int) $argv[1]);
if (ipworks_ipdaemon_set($res, 25, 0, true) !== 0) die(ipworks_ipdaemon_get_last_error($res));
while (true) ipworks_ipdaemon_do_doevents($res);
