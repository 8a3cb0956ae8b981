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

"""A picture viewer of one's own, started by `Image.show`."""

# act: spawn

from PIL import Image, ImageShow


class Viewer(ImageShow.Viewer):
    def get_command(self, file, **options):
        return PROGRAM

    def show_file(self, path, **options):
        import os
        os.system(self.get_command(path))
        return 1

    def save_image(self, image):
        return 'nowhere'


ImageShow.register(Viewer(), 0)
Image.new('RGB', (4, 4)).show()
