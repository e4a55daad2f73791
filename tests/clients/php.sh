#!/bin/sh
# PHP with its extensions, which it loads with RTLD_DEEPBIND: they look into the C library before anything
# that was preloaded.
set -u
. "${0%/*}/common.sh"

needs php
for extension in shmop sysvshm sysvsem sysvmsg pcntl posix; do
    php -m | grep -qx "$extension" || skip "PHP's extension $extension is not installed"
done

both shmop "m mk" php "$here/sysv.php" shmop
both sysvshm "m mk" php "$here/sysv.php" sysvshm
both sysvsem "s sk m mk" php "$here/sysv.php" sysvsem
both sysvmsg "q qk" php "$here/sysv.php" sysvmsg
finish
