#!/bin/bash
# host.sh FOLDER PACKAGE: installs the npm package of a JavaScript host (Node of another version or processor, Bun,
# Deno) into a folder, and links its program there as `host`. Package servers fail at times, so twice.
set -euo pipefail
folder=$1
package=$2
get() {
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --force "$package"
}
get || { sleep 5; get; }
name=${package%@*}
for program in bin/node bin/node.exe bin/bun deno; do
  [ -x "$folder/node_modules/$name/$program" ] || continue
  ln -sf "node_modules/$name/$program" "$folder/host"
  exit
done
echo "there is no program in $folder/node_modules/$name" >&2
exit 1
