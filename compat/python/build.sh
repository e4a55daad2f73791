#!/bin/sh
# Makes the Python modules for each interpreter that configure has found, in the folder of the build:
#
# build.sh compile         objects of the extension
# build.sh tree posix|sysv a folder BACKEND-X.Y to import from, whose extension holds core and backend
# build.sh library         the extension that is installed: with libshm.so, or with core and backend
#                          where there is none
# build.sh install         all of it into the site folder of each interpreter
# build.sh uninstall       what install has made, and what interpreters have compiled of it
#
# The Makefile gives, in the environment: srcdir; SOURCES, HEADERS, PACKAGE (the files of the package
# libshm) and MODULES (those of the top-level modules), relative to it; COMPILE and LINK, commands
# with options; LIBS; LIBRARIES, folders that the system searches; BACKEND, libdir, DESTDIR,
# INSTALL_DATA, INSTALL_PROGRAM.
#
# shellcheck disable=SC2034,SC2154 # a column without use; variables from the environment
set -eu

here=compat/python
table=$here/interpreters
IFS_before=$IFS

# for_each COMMAND...: with the variables that describe an interpreter, columns of the table
for_each()
{
    while IFS='|' read -r tag python limited suffix site includes <&3; do
        IFS=$IFS_before
        objects=$here/objects-$tag
        "$@"
    done 3<"$table"
}

# A file is up to date if nothing that it is made of is newer.
is_made()
{
    made=$1
    shift
    [ -e "$made" ] && [ -z "$(find "$@" -newer "$made")" ]
}

in_source()
{
    for file; do
        printf '%s ' "$srcdir/$file"
    done
}

# The words of COMPILE, LINK and of the lists are wanted, here and below.
# shellcheck disable=SC2046,SC2086
compile()
{
    mkdir -p "$objects"
    define=
    [ "$limited" = no ] || define=-DPy_LIMITED_API=$limited
    # The headers of 2.7 do not say that its one function is for others.
    [ "${tag%%.*}" != 2 ] || define=-fvisibility=default
    for source in $SOURCES; do
        object=$objects/$(basename "$source" .c).o
        ! is_made "$object" "$srcdir/$source" $(in_source $HEADERS) "$table" config.h || continue
        echo "  CC       $object"
        $COMPILE $define $includes -c -o "$object" "$srcdir/$source"
    done
}

# A linker may refuse to be told of a name that is not there: 2 and 3 have one each. only_init FILE: which is
# written for this link, others may be under way.
only_init()
{
    name=PyInit__shm
    [ "${tag%%.*}" != 2 ] || name=init_shm
    echo "{ global: $name; local: *; };" >"$1"
    echo "-Wl,--version-script=$1"
}

# link FOLDER LIBRARY...: the extension, in the package there
# shellcheck disable=SC2046,SC2086
link()
{
    extension=$1/libshm/_shm$suffix
    exports=$objects/exports.${1##*/}
    shift
    mkdir -p "${extension%/*}"
    echo "  CCLD     $extension"
    # Under a name of its own first: somebody may have the old one mapped.
    $LINK $(only_init "$exports") -o "$extension.new" $(objects) "$@" $LIBS
    mv -f "$extension.new" "$extension"
}

# Not all that are there: one of them may be of a source that is no more.
objects()
{
    for source in $SOURCES; do
        printf '%s ' "$objects/$(basename "$source" .c).o"
    done
}

archive()
{
    echo "libshm/.libs/libwhole_$1.a"
}

# place FOLDER FILE...: links to these sources there, so that a change needs no build
place()
{
    place=$1
    shift
    mkdir -p "$place"
    for file; do
        ln -sf "$(cd "$srcdir" && pwd)/$file" "$place"
    done
}

# shellcheck disable=SC2086
tree()
{
    folder=$here/$1-$tag
    link "$folder" "$(archive "$1")"
    place "$folder/libshm" $PACKAGE
    place "$folder" $MODULES
}

# A program finds libshm.so by itself where the system searches; anywhere else it is told.
run_path()
{
    case " $LIBRARIES " in
    *" $libdir "*) ;;
    *) echo "-Wl,-rpath,$libdir" ;;
    esac
}

# shellcheck disable=SC2046 # one word or none
library()
{
    if [ -e .libs/libshm.so ]; then
        link "$here/library-$tag" .libs/libshm.so $(run_path)
    else
        link "$here/library-$tag" "$(archive "$BACKEND")"
    fi
}

# shellcheck disable=SC2046,SC2086
install()
{
    folder=$DESTDIR$site
    mkdir -p "$folder/libshm"
    echo "  INSTALL  $folder"
    $INSTALL_PROGRAM "$here/library-$tag/libshm/_shm$suffix" "$folder/libshm"
    $INSTALL_DATA $(in_source $PACKAGE) "$folder/libshm"
    $INSTALL_DATA $(in_source $MODULES) "$folder"
}

# forget FOLDER FILE...: removes these, and what interpreters have made of them
forget()
{
    place=$1
    shift
    for file; do
        file=$(basename "$file")
        rm -f "$place/$file" "$place/${file}c" "$place/__pycache__/${file%.py}".*.pyc
    done
    rmdir "$place/__pycache__" 2>/dev/null || :
}

# shellcheck disable=SC2086
uninstall()
{
    forget "$DESTDIR$site/libshm" "_shm$suffix" $PACKAGE
    rmdir "$DESTDIR$site/libshm" 2>/dev/null || :
    forget "$DESTDIR$site" $MODULES
}

for_each "$@"
