# Copyright 2026 The spatialclaw_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.


"""What a cell can't use, each with what to use instead."""

from __future__ import annotations

_NO_FILES = 'there are no files here: frames are in InputImages, results in variables'
_NO_SYSTEM = 'a cell runs alone and without the operating system; work with what is in scope'
_NO_NETWORK = 'there is no network here; ask the tools, or vlm, for what you need'
_NO_PARALLEL = ('a cell runs in one thread and one process; vectorise with NumPy, '
                'or split the work into several cells')
_NO_PICKLE = 'variables stay from cell to cell; keep results in them'
_NO_INSIDE = 'write the names out; everything that is available is in scope already'
_NO_ROS = ('ROS is not reachable from a cell; frames are in InputImages, '
           'transforms in tools.TF.lookup')
_NO_MODELS = 'there are no model weights here; use tools.SAM3, tools.Reconstruct or vlm'
_ENDS = 'a cell ends at its last line; commit with ReturnAnswer(...)'
_NO_TYPING = 'nobody can type here; ask vlm.ask_with_thinking(images, question)'
_NO_PACKAGE = 'its tools are in scope already, under `tools`'

MODULES: dict[str, str] = {
    **dict.fromkeys((
        'os', 'subprocess', 'ctypes', '_ctypes', 'cffi', 'signal', 'resource', 'platform',
        'posix', '_posixsubprocess', 'pwd', 'grp', 'pty', 'tty', 'termios', 'fcntl', 'psutil',
        'sysconfig', 'site', 'atexit', 'faulthandler', 'syslog'), _NO_SYSTEM),
    **dict.fromkeys((
        'pathlib', 'shutil', 'tempfile', 'glob', 'fileinput', 'mmap', 'sqlite3', 'dbm', 'zipfile',
        'tarfile', 'scipy.io', 'h5py'), _NO_FILES),
    **dict.fromkeys((
        'socket', '_socket', 'socketserver', 'ssl', 'select', 'selectors', 'urllib.request',
        'urllib3', 'http.client', 'http.server', 'requests', 'httpx', 'aiohttp', 'ftplib',
        'smtplib', 'poplib', 'imaplib', 'telnetlib', 'xmlrpc', 'webbrowser'), _NO_NETWORK),
    **dict.fromkeys((
        'threading', '_thread', 'multiprocessing', 'concurrent', 'asyncio', 'sched', 'joblib'),
        _NO_PARALLEL),
    **dict.fromkeys(('pickle', '_pickle', 'shelve', 'marshal', 'dill', 'cloudpickle'), _NO_PICKLE),
    **dict.fromkeys((
        'importlib', 'imp', 'builtins', 'runpy', 'pkgutil', 'zipimport', 'code', 'codeop', 'pdb',
        'bdb'), _NO_INSIDE),
    **dict.fromkeys(('rclpy', 'rospy', 'tf2_ros', 'cv_bridge', 'sensor_msgs'), _NO_ROS),
    **dict.fromkeys(('torch', 'torchvision', 'transformers', 'tensorflow'), _NO_MODELS),
    'spatialclaw_ros': _NO_PACKAGE,
}

# not available whether called or only named
BUILTIN_NAMES: dict[str, str] = {
    'open': _NO_FILES,
    'exec': 'write the statements into the cell itself',
    'eval': 'write the expression into the cell itself; for data use json.loads',
    'compile': 'write the code into the cell itself; for patterns use re.compile',
    '__import__': 'use an import statement',
    '__builtins__': 'builtins are in scope by their own names',
    '__loader__': _NO_INSIDE,
    '__spec__': _NO_INSIDE,
}

# fine as names of one's own, no use as calls
BUILTIN_CALLS: dict[str, str] = {
    'input': _NO_TYPING,
    'breakpoint': 'print what you want to see',
    'exit': _ENDS,
    'quit': _ENDS,
    'help': 'the tools are described in the prompt; print(f.__doc__) shows what f says of itself',
}

# steps from an object to the interpreter; those that only tell about an object (`__mro__`,
# `__code__`) are not among them
INNER_ATTRIBUTES = frozenset((
    '__subclasses__', '__globals__', '__builtins__', '__closure__', '__import__', '__loader__',
    '__spec__', 'f_globals', 'f_locals', 'f_back', 'f_builtins', 'f_code', 'tb_frame', 'gi_frame',
    'gi_code', 'cr_frame', 'cr_code', 'ag_frame', 'ag_code'))

# what other modules carry along: `np.os`
REEXPORTED = frozenset((
    'os', 'subprocess', 'builtins', 'ctypes', 'importlib', 'socket', 'shutil', 'pickle',
    'threading', 'multiprocessing'))

# builtins' names that a star-import gives another meaning
STAR_NAMES = {
    're': ('compile',),
    **dict.fromkeys(('bz2', 'codecs', 'gzip', 'lzma', 'tokenize', 'wave'), ('open',))}

KNOWN_ALIASES = {
    'np': 'numpy', 'plt': 'matplotlib.pyplot', 'scipy': 'scipy', 'cv2': 'cv2',
    'Image': 'PIL.Image', 'io': 'io', 'sys': 'sys'}

_NUMPY_FILES = 'keep arrays in variables; they stay from cell to cell'
_PICTURE_FILES = 'frames are in InputImages as PIL images, `.array` gives their pixels'
_SHOW = 'put pictures out with show(image) or plt.show()'

MODULE_ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys((
        'sys.modules', 'sys._getframe', 'sys._current_frames', 'sys.settrace', 'sys.setprofile',
        'sys.meta_path', 'sys.path_hooks', 'sys.addaudithook'), _NO_INSIDE),
    'sys.stdin': _NO_TYPING,
}

FILE_FUNCTIONS: dict[str, str] = {
    'numpy.fromfile': _NUMPY_FILES,
    'numpy.memmap': _NUMPY_FILES,
    'numpy.lib.format.open_memmap': _NUMPY_FILES,
    'numpy.ctypeslib.load_library': _NO_SYSTEM,
    'cv2.imread': _PICTURE_FILES,
    'cv2.VideoCapture': _PICTURE_FILES,
    'cv2.imwrite': _SHOW,
    'cv2.VideoWriter': _SHOW,
    'cv2.imshow': _SHOW,
    'cv2.waitKey': _SHOW,
    'cv2.namedWindow': _SHOW,
    'cv2.destroyAllWindows': 'there are no windows here; show(image) puts pictures out',
    'sys.exit': _ENDS,
    'io.open': 'use io.BytesIO or io.StringIO for files in memory',
}

# fine with a buffer in memory
PATH_FUNCTIONS: dict[str, str] = {
    'numpy.load': _NUMPY_FILES,
    'numpy.save': _NUMPY_FILES,
    'numpy.savez': _NUMPY_FILES,
    'numpy.savez_compressed': _NUMPY_FILES,
    'numpy.savetxt': _NUMPY_FILES,
    'numpy.loadtxt': _NUMPY_FILES,
    'numpy.genfromtxt': _NUMPY_FILES,
    'PIL.Image.open': _PICTURE_FILES,
    'matplotlib.pyplot.imread': _PICTURE_FILES,
    'matplotlib.pyplot.imsave': _SHOW,
    'matplotlib.pyplot.savefig': _SHOW,
}

FILE_METHODS: dict[str, str] = {
    'savefig': _SHOW,
    'save': _SHOW,
    'tofile': _NUMPY_FILES,
}

PATH_KEYWORDS = frozenset(('fname', 'filename', 'file', 'path', 'fp'))

# A cell without any of these words has no fault.
WATCHED = frozenset((
    'import', 'io', *BUILTIN_NAMES, *BUILTIN_CALLS, *INNER_ATTRIBUTES, *REEXPORTED, *FILE_METHODS,
    *(name.rpartition('.')[2] for name in (*MODULE_ATTRIBUTES, *FILE_FUNCTIONS, *PATH_FUNCTIONS))))
