"""Marking: questions in the page, functions in a notebook, and a class.

The model (`model`, `questions`) is data; `judge` compares answers and names mistakes; what asks the
learner's code for its answers is somebody else's business: `guard` in the learner's own kernel, the
sandbox for a class. Nothing here knows the bank of exercises.
"""
