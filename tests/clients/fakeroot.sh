#!/bin/sh
# fakeroot on message queues and semaphores: an ordinary user packs what belongs to others, and devices.
set -u
. "${0%/*}/common.sh"

needs fakeroot-sysv faked-sysv tar
ordinary_user

# Where they do not exist chown says EINVAL, and fakeroot forgives EPERM alone. Run by an ordinary user,
# isolate is in such a namespace.
for map in uid_map gid_map; do
    awk '$1 == 0 && $3 > 50 { found = 1 } END { exit !found }' "/proc/self/$map" ||
        skip "this user namespace has no other users, and fakeroot cannot do without"
done

cat >"$work/pack" <<'END'
set -e
cd "$1"
rm -rf tree && mkdir tree
echo text >tree/file
chown 12:34 tree/file
mknod tree/null c 1 3
mkdir tree/folder
chown -R 0:0 tree/folder
for number in $(seq 50); do
    : >"tree/folder/$number"
    chown "$number:$number" "tree/folder/$number"
done
[ "$(id -u)" = 0 ]
[ "$(stat -c %u:%g tree/file)" = 12:34 ]
(for number in $(seq 10); do stat tree/folder/* >/dev/null || exit; done) &
for number in $(seq 10); do stat tree/folder/* >/dev/null; done
wait $!
tar -cf tree.tar tree
END

# has MODE OWNER WHAT NAME: the archive does
has()
{
    tar --numeric-owner -tvf "$work/home/tree.tar" >"$work/list" || return
    cat "$work/list"
    grep -qE "^$1 +$2 +$3 .* tree/$4\$" "$work/list"
}

owners()
{
    for number in $(seq 50); do
        has '-rw-r--r--' "$number/$number" 0 "folder/$number" || return
    done
}

works "a tar with owners and devices" "q s" fakeroot-sysv sh "$work/pack" "$work/home"
checked "$name, $mode: the file's owner" has '-rw-r--r--' 12/34 5 file
checked "$name, $mode: the device" has 'crw-r--r--' 0/0 1,3 null
checked "$name, $mode: the folder" has 'drwxr-xr-x' 0/0 0 folder/
checked "$name, $mode: fifty other owners" owners
# Its server removes its objects after it has been told to end, and nobody waits for that. What has ended,
# but has not been waited for, has no environment.
server_runs()
{
    for process in /proc/[0-9]*; do
        { read -r command <"$process/comm"; } 2>/dev/null && [ "$command" = faked-sysv ] &&
            grep -qaz "^LIBSHM_NAMESPACE=$LIBSHM_NAMESPACE\$" "$process/environ" 2>/dev/null && return
    done
    return 1
}

server_gone()
{
    [ "$(in_store '*')" = 0 ] && ! server_runs
}

checked "$name, $mode: its server goes, and leaves nothing" await 20 server_gone
refused "a tar" fakeroot-sysv sh "$work/pack" "$work/home"
finish
