"""Makes the files of data that the figures show.

python -m utils.explorers           NumPy's results in low precision, and the training points
python -m utils.explorers digits    trains the classifier whose logits the temperature figure shows
"""

import sys

from utils.explorers import digits, tables

(digits if sys.argv[1:] == ["digits"] else tables).main()
