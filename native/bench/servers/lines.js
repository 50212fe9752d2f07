// Echoing lines as fast as JavaScript can that still makes a value of each line: the chunk is one string, lines
// are slices of it, and all answers of a chunk are one string.
class LineEcho {
  unfinished = '';

  // The answer to a chunk; '' while no line is complete.
  answer(chunk) {
    const text = this.unfinished + chunk;
    let answers = '';
    let begin = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
      const line = text.slice(begin, end);
      answers += `${line}\n`;
      begin = end + 1;
    }
    this.unfinished = text.slice(begin);
    return answers;
  }
}

module.exports = { LineEcho };
