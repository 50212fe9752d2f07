# Everything builds, generated files are what the rows say, and the sources are in the form agreed on.
check 'npm run build' npm run build
check 'generated files are up to date' npm run generate -- --check
check 'biome: form and lint of TypeScript and JavaScript' npm run lint
check 'clang-format: form of C and C++' bash -euo pipefail -c '
  node native/sources.js format | xargs clang-format --dry-run -Werror'
check 'types' npm run check:types
check 'publint and attw: the package for CommonJS and ES modules' npm run check:package
check 'building and checking has changed no file of the checkout' bash -euo pipefail -c '
  now=$(git status --porcelain)
  echo "$now"
  [ "$now" = "$CI_CHANGED_BEFORE" ]'
