#!/bin/sh
# conform_limits with the drop-in library in the kernel's place.
set -eu
. "${srcdir:-.}/tests/conformance/dropin.sh"
conform limits
