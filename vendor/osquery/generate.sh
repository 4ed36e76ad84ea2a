#!/bin/sh
# Generates gen-nodejs/ from osquery.thrift with Debian's thrift-compiler (apt-get install thrift-compiler).
set -eu
cd "$(dirname -- "$(readlink -f -- "$0")")"
command -v thrift >/dev/null || { echo "generate.sh: thrift is not installed: apt-get install thrift-compiler" >&2; exit 1; }
rm -rf gen-nodejs
thrift --gen js:node,es6 -o . osquery.thrift
# Generated code is CommonJS; the project is not.
printf '{ "type": "commonjs" }\n' >gen-nodejs/package.json
