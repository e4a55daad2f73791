#!/bin/sh
# conform_msg with the drop-in library in the kernel's place.
set -eu
. "${srcdir:-.}/tests/conformance/dropin.sh"
conform msg
