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

"""`vllm`: a vision-language model behind an OpenAI-compatible server; vLLM first.

The one place that imports openai. `config` says where the model is, `messages` what is sent,
`stream` reads one reply, `endpoints` and `client` try again, `backbone` puts it together; `serve`
starts a server of one's own.
"""

from spatialclaw_ros.backbone.vllm.backbone import VllmBackbone
from spatialclaw_ros.backbone.vllm.config import Limits, Sampling, VllmConfig
from spatialclaw_ros.backbone.vllm.config_file import read_config

__all__ = ['Limits', 'Sampling', 'VllmBackbone', 'VllmConfig', 'read_config']
