// The part of the log checker that compares bytes: what the client wrote with what DataIn delivered (promise 1), and
// what the server accepted with what the client received (promise 3).
import { type ClientRecord, shorten } from './client';
import type { Broken, Connection } from './log-entries';

/** Where a piece ended in what the client wrote. */
interface Cursor {
  at: number;
  /** A CR ended the last line: an LF behind it belongs to it. */
  afterCarriageReturn: boolean;
}

/** A piece that ends because its framing says so, or because the stream or the limit does. */
function checkPieceEnd(connection: Connection, index: number, stream: string, cursor: Cursor, broken: Broken): void {
  const { id, maxLineLength } = connection;
  const piece = connection.pieces[index] as Connection['pieces'][number];
  const { eol, recordLength, singleLine } = piece.framing;
  const last = index === connection.pieces.length - 1;
  if (recordLength > 0) {
    if (piece.eol ? piece.text.length !== recordLength : !last || piece.text.length >= recordLength) {
      broken(1, id, `a record of ${recordLength} bytes has ${piece.text.length}, eol ${piece.eol}`);
    }
    return;
  }
  if (!singleLine && eol === '') {
    if (!piece.eol) {
      broken(1, id, 'eol is false although there is no framing');
    }
    return;
  }
  if (singleLine ? /[\r\n]/.test(piece.text) : piece.text.includes(eol)) {
    broken(1, id, `the end of a line is inside the text ${shorten(piece.text)}`);
  }
  if (piece.text.length > maxLineLength) {
    broken(4, id, `a line has ${piece.text.length} bytes, the limit is ${maxLineLength}`);
  }
  if (!piece.eol) {
    if (!last && piece.text.length !== maxLineLength) {
      broken(1, id, `a line is cut after ${piece.text.length} bytes`);
    }
    return;
  }
  if (singleLine) {
    if (stream[cursor.at] !== '\r' && stream[cursor.at] !== '\n') {
      broken(1, id, 'eol is true where the client sent no end of a line');
    }
    cursor.afterCarriageReturn = stream[cursor.at] === '\r';
    cursor.at += 1;
    return;
  }
  if (stream.slice(cursor.at, cursor.at + eol.length) !== eol) {
    broken(1, id, 'eol is true where the client did not send EOL');
  }
  cursor.at += eol.length;
}

/** Promise 1: puts the pieces together again and compares them with what the client wrote. */
export function checkInput(connection: Connection, client: ClientRecord, cut: boolean, broken: Broken): void {
  const stream = client.written;
  const cursor: Cursor = { at: 0, afterCarriageReturn: false };
  const swallowLf = () => {
    if (cursor.afterCarriageReturn && stream[cursor.at] === '\n') {
      cursor.at += 1;
    }
    cursor.afterCarriageReturn = false;
  };
  for (const [index, piece] of connection.pieces.entries()) {
    swallowLf();
    const sent = stream.slice(cursor.at, cursor.at + piece.text.length);
    if (sent !== piece.text) {
      broken(1, connection.id, `DataIn ${index} has ${shorten(piece.text)} where the client sent ${shorten(sent)}`);
      return;
    }
    cursor.at += piece.text.length;
    checkPieceEnd(connection, index, stream, cursor, broken);
  }
  swallowLf();
  const complete = client.finished && !client.brokeOff && connection.statuscode === 0 && !connection.endedByProgram;
  if (complete && !cut && cursor.at !== stream.length) {
    broken(1, connection.id, `${stream.length - cursor.at} bytes of the client were never delivered`);
  }
}

/** Promise 3: what the client received is what the server accepted, from the first byte on. */
export function checkOutput(connection: Connection, client: ClientRecord, cut: boolean, broken: Broken): void {
  const accepted = connection.accepted.join('');
  const { text } = client;
  if (!accepted.startsWith(text)) {
    let at = 0;
    while (at < text.length && text[at] === accepted[at]) {
      at += 1;
    }
    broken(
      3,
      connection.id,
      `the client received ${shorten(text.slice(at))} at byte ${at}, accepted was ${shorten(accepted.slice(at))}`,
    );
    return;
  }
  const orderly = client.ended && client.error === undefined && !client.brokeOff && connection.statuscode === 0;
  if (orderly && !cut && text.length !== accepted.length) {
    broken(3, connection.id, `${accepted.length - text.length} accepted bytes never reached the client`);
  }
}
