"""What pip calls to build the distributions `libshm` and `libshm-legacy` (PEP 517).

Only the standard library is used, so that no network is needed. The folder that pip stands in has
the pyproject.toml that says which distribution it is. Settings: `backend`, which is what
`configure --with-backend` takes.

    pip install . --config-settings backend=posix
"""
import ast
import base64
import hashlib
import io
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile

BACKENDS = ("auto", "sysv", "posix")
FOLDERS = ("build-aux", "compat", "doc", "libshm", "m4", "posix", "sysv", "tests")
# What builds in the tree itself have left; none of it may come into another one.
BUILT = shutil.ignore_patterns(
    "*.a", "*.la", "*.lo", "*.log", "*.o", "*.pyc", "*.so", "*.stamp", "*.trs", ".deps", ".dirstamp",
    ".libs", "__pycache__", "interpreters", "library-*", "objects-*", "posix-[23]*", "sysv-[23]*")
BUILT_AT_TOP = ("Makefile", "config.h", "config.log", "config.status", "libtool", "stamp-h1")


# ---- What the distribution is ------------------------------------------------------------------


def read_toml(path):
    """As much of TOML as our own files use: values are strings or arrays of strings."""
    tables, table, name, value = {}, {}, None, ""
    with open(path, encoding="utf-8") as lines:
        for line in (line.strip() for line in lines):
            if name is None and line.startswith("["):
                table = tables.setdefault(line.strip("[]"), {})
            elif line and not line.startswith("#"):
                if name is None:
                    name, line = (part.strip() for part in line.split("=", 1))
                value += line
                if value[0] != "[" or line.endswith("]"):
                    table[name] = ast.literal_eval(value)
                    name, value = None, ""
    return tables


def first_match(path, pattern):
    try:
        with open(path, encoding="utf-8") as text:
            found = re.search(pattern, text.read(), re.MULTILINE)
    except FileNotFoundError:
        return None
    return found and found.group(1)


def read_version():
    """From the library's header, or what the archive says that was made of it."""
    for top in (".", os.path.join("..", "..")):
        version = first_match(os.path.join(top, "libshm", "shm.h"), r'^#define LIBSHM_VERSION +"(.*)"')
        if version:
            return version
    version = first_match("PKG-INFO", "^Version: (.*)")
    if version:
        return version
    sys.exit("%s: neither libshm/shm.h, which has the version, nor PKG-INFO was found" % os.getcwd())


class Distribution:
    def __init__(self):
        tables = read_toml("pyproject.toml")
        self.project = tables["project"]
        self.tool = tables["tool.libshm"]
        self.name = self.project["name"]
        self.version = read_version()
        self.base = "%s-%s" % (self.name.replace("-", "_"), self.version)

    def metadata(self):
        """The file METADATA of a wheel, which is PKG-INFO in an archive of sources."""
        project = self.project
        lines = ["Metadata-Version: 2.1", "Name: " + self.name, "Version: " + self.version,
                 "Summary: " + project["description"], "License: " + project["license"],
                 "Requires-Python: " + project["requires-python"]]
        lines += ["Classifier: " + classifier for classifier in project["classifiers"]]
        if "dependencies" in project["dynamic"]:
            lines.append("Requires-Dist: libshm==" + self.version)
        if "readme" not in project:
            return "\n".join(lines) + "\n"
        lines.append("Description-Content-Type: text/markdown; charset=UTF-8")
        with open(project["readme"], encoding="utf-8") as readme:
            return "\n".join(lines) + "\n\n" + readme.read()

    def tag(self):
        return extension_tag() if "extension" in self.tool else "py3-none-any"

    def wheel_file(self):
        pure = "true" if self.tag() == "py3-none-any" else "false"
        return ("Wheel-Version: 1.0\nGenerator: libshm build_backend\n"
                "Root-Is-Purelib: %s\nTag: %s\n" % (pure, self.tag()))


def extension_tag():
    """For one version of Python, or for it and all later ones; as probe.py decides."""
    version = "cp%d%d" % sys.version_info[:2]
    platform = re.sub("[^A-Za-z0-9]", "_", sysconfig.get_platform())
    if platform == "linux_x86_64" and struct.calcsize("P") == 4:
        platform = "linux_i686"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "%s-%st-%s" % (version, version, platform)
    abi = "abi3" if sys.version_info >= (3, 11) else version
    return "%s-%s-%s" % (version, abi, platform)


# ---- Building the extension --------------------------------------------------------------------


def run(*command, folder):
    print("+ " + " ".join(shlex.quote(word) for word in command), flush=True)
    # Without what only serves debuggers, unless the user has other wishes.
    variables = dict({"CFLAGS": "-O2"}, **os.environ)
    done = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit("libshm: %s failed; what it said is above" % os.path.basename(command[0]))


def copy_tree(target):
    """The sources, without what builds have left; a build must not write to the user's own."""
    os.mkdir(target)
    for entry in os.scandir("."):
        if entry.is_file() and entry.name not in BUILT_AT_TOP:
            shutil.copy2(entry.path, target)
        elif entry.name in FOLDERS:
            shutil.copytree(entry.path, os.path.join(target, entry.name), ignore=BUILT)


def missing(programs):
    """The Debian packages of those that are not there; alternatives are tried in their order."""
    return [package for names, package in programs
            if not any(shutil.which(shlex.split(name)[0]) for name in names)]


def check_tools(needed):
    if needed:
        sys.exit("libshm cannot be built here, because something is missing. Debian's names: "
                 + " ".join(needed))


def bootstrap(source):
    """Makes configure where the sources come without it."""
    if os.path.exists(os.path.join(source, "configure")):
        return
    check_tools(missing([(["autoreconf"], "autoconf"), (["automake"], "automake"),
                         (["libtoolize"], "libtool"), (["pkg-config"], "pkg-config")]))
    run("autoreconf", "-fi", folder=source)


def check_compiler():
    compilers = [os.environ["CC"]] if os.environ.get("CC") else ["gcc", "cc", "clang"]
    needed = missing([(compilers, "gcc libc6-dev"), (["make"], "make")])
    if not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        needed.append("python3-dev (Python.h of %s)" % sys.executable)
    check_tools(needed)


def chosen_backend(settings):
    settings = dict(settings or {})
    backend = settings.pop("backend", "auto")
    if backend not in BACKENDS or settings:
        sys.exit("libshm: the one setting is backend=%s" % "|".join(BACKENDS))
    return backend


def build_extension(work, settings):
    """Returns the folder of the built package, in a tree below `work`."""
    backend = chosen_backend(settings)
    check_compiler()
    source, build = os.path.join(work, "source"), os.path.join(work, "build")
    copy_tree(source)
    bootstrap(source)
    os.mkdir(build)
    run(os.path.join(source, "configure"), "--disable-static", "--with-backend=" + backend,
        "--with-python=" + sys.executable, "CXX=no", folder=build)
    backend = first_match(os.path.join(build, "libshm", "libshm.pc"), "^backend=(.*)")
    run("make", "-j%d" % (os.cpu_count() or 1), "compat/python/%s.stamp" % backend, folder=build)
    tree = "%s-%s" % (backend, first_match(os.path.join(build, "compat", "python", "interpreters"),
                                           r"^([^|]*)\|"))
    return os.path.join(build, "compat", "python", tree, "libshm")


# ---- Wheels ------------------------------------------------------------------------------------


class Wheel:
    """A wheel that is being written; it ends with the list of what is in it."""

    def __init__(self, path, information):
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self.information = information
        self.record = []

    def add(self, name, content, mode=0o644):
        # The date is always the same, so that the same sources make the same wheel.
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self.archive.writestr(entry, content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
        self.record.append("%s,sha256=%s,%d\n" % (name, digest.decode(), len(content)))

    def add_file(self, name, path):
        with open(path, "rb") as file:
            self.add(name, file.read(), 0o755 if path.endswith(".so") else 0o644)

    def close(self):
        name = self.information + "/RECORD"
        self.add(name, "".join(self.record + [name + ",,\n"]).encode())
        self.archive.close()


def information_files(distribution):
    yield "METADATA", distribution.metadata()
    yield "WHEEL", distribution.wheel_file()
    for name in distribution.project.get("license-files", ()):
        with open(name, encoding="utf-8") as text:
            yield name, text.read()


def package_files(folder):
    package = os.path.basename(folder)
    for name in sorted(os.listdir(folder)):
        if name.endswith((".py", ".pyi", ".so", "py.typed")):
            yield package + "/" + name, os.path.join(folder, name)


def module_files(distribution):
    """The modules, and the stubs beside them."""
    for name in distribution.tool["modules"]:
        yield name, name
        if os.path.exists(name + "i"):
            yield name + "i", name + "i"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    distribution = Distribution()
    name = "%s-%s.whl" % (distribution.base, distribution.tag())
    with tempfile.TemporaryDirectory() as work:
        if "extension" in distribution.tool:
            files = package_files(build_extension(work, config_settings))
        else:
            files = module_files(distribution)
        information = distribution.base + ".dist-info"
        wheel = Wheel(os.path.join(wheel_directory, name), information)
        for target, path in files:
            wheel.add_file(target, path)
        for target, text in information_files(distribution):
            wheel.add(information + "/" + target, text.encode())
        wheel.close()
    return name


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    distribution = Distribution()
    name = distribution.base + ".dist-info"
    os.mkdir(os.path.join(metadata_directory, name))
    for target, text in information_files(distribution):
        with open(os.path.join(metadata_directory, name, target), "w", encoding="utf-8") as file:
            file.write(text)
    return name


# ---- Archives of sources -----------------------------------------------------------------------


def copy_modules(distribution, target):
    os.mkdir(target)
    for name, path in module_files(distribution):
        shutil.copy2(path, target)
    for name in ("pyproject.toml", "build_backend.py"):
        shutil.copy2(name, target)


def add_information(archive, name, text):
    entry = tarfile.TarInfo(name)
    content = text.encode()
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def build_sdist(sdist_directory, config_settings=None):
    distribution = Distribution()
    name = distribution.base + ".tar.gz"
    with tempfile.TemporaryDirectory() as work:
        source = os.path.join(work, "source")
        if "extension" in distribution.tool:
            copy_tree(source)
            bootstrap(source)
            shutil.rmtree(os.path.join(source, "autom4te.cache"), ignore_errors=True)
        else:
            copy_modules(distribution, source)
        with tarfile.open(os.path.join(sdist_directory, name), "w:gz", format=tarfile.PAX_FORMAT) as archive:
            archive.add(source, distribution.base)
            add_information(archive, distribution.base + "/PKG-INFO", distribution.metadata())
    return name


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []
