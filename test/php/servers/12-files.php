<?php
// A store for notes: one file each in a folder, with an index that is read again for each command.
require 'ipworks_ipdaemon.php';

class NoteServer extends IPWorks_IPDaemon
{
    private $folder;
    private $log = array();

    public function __construct($folder) {
        parent::__construct();
        $this->folder = rtrim($folder, '/');
        if (!is_dir($this->folder)) mkdir($this->folder, 0700, true);
    }

    private function path($name) {
        return $this->folder . '/' . preg_replace('/[^a-z0-9_-]/', '_', strtolower($name)) . '.txt';
    }

    private function index() {
        $names = array();
        foreach (glob($this->folder . '/*.txt') as $file) $names[basename($file, '.txt')] = filesize($file);
        ksort($names);
        return $names;
    }

    function FireConnected($param) {
        $this->setEOL($param['connectionid'], "\n");
        $this->doSend($param['connectionid'], '+ notes: ' . count($this->index()) . "\n");
        return $param;
    }

    function FireDataIn($param) {
        $id = $param['connectionid'];
        $words = explode(' ', rtrim($param['text'], "\r"), 3);
        $command = strtoupper($words[0]);
        $name = isset($words[1]) ? $words[1] : '';
        $text = isset($words[2]) ? $words[2] : '';
        if ($command !== '') $this->log[] = $command;
        switch ($command) {
            case 'PUT':
                $answer = '+ ' . file_put_contents($this->path($name), stripcslashes($text) . "\n") . ' bytes';
                break;
            case 'ADD':
                $handle = fopen($this->path($name), 'ab');
                flock($handle, LOCK_EX);
                fwrite($handle, $text . "\n");
                $answer = '+ at ' . ftell($handle);
                fclose($handle);
                clearstatcache();
                break;
            case 'GET':
                if (!file_exists($this->path($name))) { $answer = "- no note $name"; break; }
                $answer = '+ ' . md5_file($this->path($name));
                foreach (file($this->path($name), FILE_IGNORE_NEW_LINES) as $n => $line) $answer .= sprintf("\n%03d %s", $n + 1, $line);
                break;
            case 'HEAD':
                $handle = @fopen($this->path($name), 'rb');
                if (!$handle) { $answer = '- cannot open'; break; }
                fseek($handle, -1, SEEK_END);
                $last = bin2hex(fread($handle, 1));
                rewind($handle);
                $answer = '+ ' . trim(fgets($handle)) . " ends with $last" . (feof($handle) ? ' eof' : '');
                fclose($handle);
                break;
            case 'LIST':
                $answer = '+';
                foreach ($this->index() as $note => $size) $answer .= " $note=$size";
                break;
            case 'MOVE':
                $answer = @rename($this->path($name), $this->path($text)) ? '+ moved' : '- not moved';
                break;
            case 'DROP':
                $answer = @unlink($this->path($name)) ? '+ dropped' : '- not dropped';
                break;
            case 'LOG':
                file_put_contents($this->folder . '/commands.log', implode(',', array_count_values($this->log)) . '|' . json_encode(array_unique($this->log)));
                $answer = '+ ' . file_get_contents($this->folder . '/commands.log');
                break;
            case 'QUIT':
                $this->doSend($id, "+ bye\n");
                $this->doDisconnect($id);
                return $param;
            default:
                $answer = '- commands: PUT ADD GET HEAD LIST MOVE DROP LOG QUIT';
        }
        $this->doSend($id, "$answer\n");
        return $param;
    }
}

$server = new NoteServer($argv[2]);
$server->setLocalHost('127.0.0.1');
$server->setLocalPort((int) $argv[1]);
$server->setListening(true);
while (true) $server->doEvents();
