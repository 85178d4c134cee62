"""
Runs bench_torch.py with settings under which torch.compile can compile the whole official network: shapes that don't
change, and as many compiled versions of a block's code as there are blocks (the default gives up after eight).
"""
import os
import runpy

import torch._dynamo

torch._dynamo.config.automatic_dynamic_shapes = False
torch._dynamo.config.assume_static_by_default = True
torch._dynamo.config.cache_size_limit = 256
torch._dynamo.config.accumulated_cache_size_limit = 1024

runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'bench_torch.py'), run_name='__main__')
