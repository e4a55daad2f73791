"""What configure has to know of an interpreter, as lines NAME=VALUE.

    PYTHON probe.py PREFIX

PREFIX is where the library will be installed; the modules go below it. Runs in every Python.
"""
import os
import platform
import struct
import sys
import sysconfig

LIMITED_FROM = (3, 11)  # what the stable interface of this version has is what the extension needs


def free_threaded():
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def limited():
    return sys.version_info >= LIMITED_FROM and not free_threaded()


def suffix():
    if limited():
        return ".abi3.so"
    return sysconfig.get_config_var("EXT_SUFFIX") or sysconfig.get_config_var("SO")


def include_folders():
    """Where Python.h is, then where the header is that some systems have for each architecture."""
    folder = sysconfig.get_paths()["include"]
    above = os.path.dirname(folder)
    architecture = sysconfig.get_config_var("MULTIARCH")
    special = architecture and os.path.join(above, architecture, os.path.basename(folder))
    options = ["-isystem " + folder]
    if special and os.path.isdir(special):
        options.append("-idirafter " + above)
    return options


def own_folders():
    """What the interpreter itself searches for: pairs of a prefix and the site folder below it."""
    schemes = [()] + [(s,) for s in sysconfig.get_scheme_names() if s == "deb_system"]
    return [(sysconfig.get_path("data", *s), sysconfig.get_path("platlib", *s)) for s in schemes]


def site_folder(prefix):
    """Its own one where it has one for the prefix, else what would be its own there."""
    folders = own_folders()
    own_prefix, folder = folders[0]
    rebased = os.path.join(prefix, os.path.relpath(folder, own_prefix))
    return dict(folders).get(prefix, rebased)


def has(module):
    try:
        __import__(module)
    except Exception:  # whatever a broken installation raises
        return False
    return True


def answers(prefix):
    site = site_folder(prefix)
    yield "implementation", platform.python_implementation()
    yield "version", platform.python_version()
    yield "numbers", "%d%02d" % sys.version_info[:2]
    yield "tag", "%d.%d" % sys.version_info[:2] + ("t" if free_threaded() else "")
    yield "hex", "0x%04x" % (sys.hexversion >> 16)
    yield "pointer", struct.calcsize("P")
    yield "limited", "0x030b0000" if limited() else "no"
    yield "suffix", suffix()
    yield "includes", " ".join(include_folders())
    yield "site", site
    yield "searched", "yes" if site in sys.path else "no"
    yield "modules", " ".join(m for m in ("numpy", "pytest", "hypothesis") if has(m))


for item in answers(sys.argv[1]):
    print("%s=%s" % item)
