#!/bin/sh
# get-python2.sh DIR: unpacks CPython 2.7 with its headers into DIR and leaves DIR/python2, which runs
# it in place. Nothing is installed. Debian has no Python 2 any more: the packages are those of the
# release before 12, from the source of packages that this machine uses. Ends with status 77 and the
# reason as its last line where it is not to be had.
set -eu

[ $# = 1 ] || { echo "usage: get-python2.sh DIR" >&2; exit 2; }
release=bullseye
packages="libffi7 libpython2.7 libpython2.7-dev libpython2.7-minimal libpython2.7-stdlib libssl1.1
    python2.7 python2.7-dev python2.7-minimal"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$1"
folder=$(cd "$1" && pwd)
apt=$folder/apt
root=$folder/root

skip()
{
    echo "$*"
    exit 77
}

# The address of Debian's packages, in the new form of apt's files or in the old one.
source_of_packages()
{
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's,^URIs:[[:space:]]*\([^ ]*/debian\)/*[[:space:]]*$,\1,p'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n 's,^deb[[:space:]][^h]*\(http[^ ]*/debian\)/*[[:space:]].*,\1,p'
}

# apt-get with lists and a cache of its own, so that what the machine has installed is left alone
apt_get()
{
    apt-get -q -oDir::Etc::sourcelist="$apt/sources.list" -oDir::Etc::sourceparts=/dev/null \
        -oDir::State::lists="$apt/lists" -oDir::Cache="$apt/cache" -oAPT::Sandbox::User=root \
        "$@" >>"$apt/log" 2>&1
}

download()
{
    [ -e /etc/debian_version ] || skip "this is not Debian"
    address=$(source_of_packages | head -n 1)
    [ -n "$address" ] || skip "no source of Debian's packages was found in /etc/apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb [signed-by=$keys] $address $release main" >"$apt/sources.list"
    apt_get update || skip "the list of packages was not to be had, see $apt/log"
    # Words are wanted: this is a list.
    # shellcheck disable=SC2086
    (cd "$apt" && apt_get download $packages) || skip "packages were not to be had, see $apt/log"
}

unpack()
{
    for package in "$apt"/*.deb; do
        dpkg -x "$package" "$root"
        rm "$package"
    done
}

write_launcher()
{
    libraries=$(dirname "$(find "$root/usr/lib" -name 'libpython2.7.so.1.0' | head -n 1)")
    cat >"$1" <<END
#!/bin/sh
PYTHONHOME=$root/usr LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} \\
    exec $root/usr/bin/python2.7 "\$@"
END
    chmod +x "$1"
}

# The launcher gets its name last: where it is, everything is.
if [ ! -x "$folder/python2" ]; then
    rm -rf "$apt" "$root"
    download
    unpack
    write_launcher "$folder/python2.new"
    "$folder/python2.new" -c 'import ctypes, hashlib, sys; assert sys.version_info[:2] == (2, 7)' ||
        skip "it does not run here"
    mv "$folder/python2.new" "$folder/python2"
fi
echo "$folder/python2 runs"
