<?php
// Accounts in SQLite through PDO: bookings in transactions, a statement kept for the life of the server.
require 'ipworks_ipdaemon.php';

$db = new PDO('sqlite::memory:');
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$db->exec('CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, cents INTEGER NOT NULL DEFAULT 0 CHECK (cents >= 0))');
$db->exec('CREATE TABLE booking (id INTEGER PRIMARY KEY, source INTEGER, target INTEGER, cents INTEGER)');
$find = $db->prepare('SELECT id, cents FROM account WHERE name = ?');

function account($name) {
    global $find;
    $find->execute(array($name));
    $row = $find->fetch(PDO::FETCH_ASSOC);
    $find->closeCursor();
    if ($row === false) throw new RuntimeException("no account $name");
    return $row;
}

function book($from, $to, $cents) {
    global $db;
    $db->beginTransaction();
    try {
        $change = $db->prepare('UPDATE account SET cents = cents + :change WHERE id = :id');
        foreach (array(array($to, $cents), array($from, -$cents)) as $row) {
            $account = account($row[0]);
            $change->bindValue(':change', $row[1], PDO::PARAM_INT);
            $change->bindValue(':id', $account['id'], PDO::PARAM_INT);
            $change->execute();
        }
        $insert = $db->prepare('INSERT INTO booking (source, target, cents) SELECT a.id, b.id, ? FROM account a, account b WHERE a.name = ? AND b.name = ?');
        $insert->execute(array($cents, $from, $to));
        $id = $db->lastInsertId();
        $db->commit();
        return $id;
    } catch (Exception $e) {
        $db->rollBack();
        throw $e;
    }
}

function command($words) {
    global $db;
    switch ($words[0]) {
        case 'open':
            $insert = $db->prepare('INSERT INTO account (name, cents) VALUES (?, ?)');
            $insert->execute(array($words[1], (int) round($words[2] * 100)));
            return 'account ' . $db->lastInsertId() . ', rows ' . $insert->rowCount();
        case 'pay':
            return 'booking ' . book($words[1], $words[2], (int) round($words[3] * 100));
        case 'balance':
            $account = account($words[1]);
            return number_format($account['cents'] / 100, 2, '.', ' ');
        case 'all':
            $text = '';
            foreach ($db->query('SELECT name, cents FROM account ORDER BY cents DESC, name') as $row) $text .= "$row[name]=$row[1];";
            return $text;
        case 'names':
            return implode(' ', $db->query('SELECT name FROM account ORDER BY id')->fetchAll(PDO::FETCH_COLUMN));
        case 'last':
            $row = $db->query('SELECT * FROM booking ORDER BY id DESC LIMIT 1')->fetch(PDO::FETCH_OBJ);
            return $row ? "$row->id: $row->source -> $row->target $row->cents" : 'none';
        case 'sum':
            return (string) $db->query('SELECT SUM(cents) FROM account')->fetchColumn();
    }
    throw new InvalidArgumentException("no command $words[0]");
}

$server = ipworks_ipdaemon_open();
ipworks_ipdaemon_set($server, 18, "\n");
ipworks_ipdaemon_register_callback($server, 3, function ($param) use ($server) {
    try {
        $answer = 'ok ' . command(explode(' ', trim($param['text'])));
    } catch (PDOException $e) {
        $answer = 'refused ' . $e->getCode();
    } catch (Exception $e) {
        $answer = get_class($e) . ' ' . $e->getMessage();
    }
    ipworks_ipdaemon_do_send($server, $param['connectionid'], "$answer\n");
});
ipworks_ipdaemon_set($server, 26, 0, '127.0.0.1');
ipworks_ipdaemon_set($server, 27, 0, (int) $argv[1]);
if (ipworks_ipdaemon_set($server, 25, 0, true) !== 0) exit(1);
while (true) ipworks_ipdaemon_do_doevents($server);
