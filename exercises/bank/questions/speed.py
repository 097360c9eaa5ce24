"""Questions of the chapter “Speed and memory”."""

from utils.grading.questions import Choice, Number, Order

SAMPLES, CLASSES, BYTES = 4096, 50_000, 4

QUESTIONS = [
    Number(
        "speed-memory",
        "A batch has 4096 words, the vocabulary 50\u00a0000. How many gigabytes (a thousand "
        "million bytes each) does one tensor of logits take in `float32`?",
        answer=lambda: SAMPLES * CLASSES * BYTES / 1e9,
        wrong=[
            (
                lambda: SAMPLES * CLASSES / 1e9,
                "That is the number of logits in billions. How many bytes is each of them?",
            ),
            (
                lambda: SAMPLES * CLASSES * 8 / 1e9,
                "That would be `float64`, with 8 bytes a number. `float32` has 32 bits.",
            ),
            (
                lambda: SAMPLES * CLASSES * 32 / 1e9,
                "32 are the bits of a number. How many bytes is that?",
            ),
            (
                lambda: SAMPLES * CLASSES * 2 / 1e9,
                "That is right for `float16` and `bfloat16`, with 2 bytes a number.",
            ),
            (
                lambda: SAMPLES * CLASSES * BYTES / 1e6,
                "Those are megabytes. A gigabyte is a thousand of them.",
            ),
        ],
        unit="GB",
        hint="Samples times classes times bytes a number.",
        solution="$4096 \\cdot 50\\,000 \\cdot 4 = 819\\,200\\,000$ bytes, 0.819\u00a0GB. A "
        "training step with one call of `cross_entropy` needs about three times as much.",
    ),
    Choice(
        "speed-loop",
        "A loop adds up `F.cross_entropy` over small chunks, then calls `backward()` once on the "
        "sum. Why does the memory not fall below one whole tensor of logits?",
        options=[
            (
                "Autograd keeps the log-probabilities of every chunk for the backward pass.",
                True,
                "Forward runs through all chunks first, so all the pieces are there together.",
            ),
            (
                "The matrix product computes all logits, whichever rows are asked for.",
                False,
                "`h[part] @ W.T` computes the rows of this part only. What happens to them after "
                "the loss of the part is known?",
            ),
            (
                "The gradient of `W` has the size of all logits.",
                False,
                "It has the size of `W`, $V d$ numbers, whatever the batch is.",
            ),
            (
                "Python frees nothing until the function returns.",
                False,
                "It frees a tensor as soon as nothing refers to it. Who still does?",
            ),
        ],
        hint="What does the backward pass of `log_softmax` need?",
        solution="Each chunk’s log-probabilities are saved for its backward pass, and that comes "
        "only after the last chunk. Calling `backward()` for each chunk, inside the loop, would "
        "free them; so does a function that takes the slope in its forward pass.",
    ),
    Order(
        "speed-order",
        "Bring the work on one chunk into an order in which one tensor of the chunk’s size is "
        "enough for logits, probabilities and slope.",
        steps=[
            "logits: `z = h @ W.T` for the rows of the chunk",
            "log-sum-exp of each row",
            "loss: log-sum-exp minus the logit of the right class",
            "overwrite `z` with $e^{z - \\mathrm{lse}(z)}$, the probabilities",
            "subtract 1 at the right class: now the slope",
            "multiply the slope by `W` and by `h`, and add up",
        ],
        feedback="Ask of each step what it reads. Which of them needs the logits themselves, "
        "before they are overwritten?",
        hint="The loss reads the logit of the right class.",
        solution="The loss must be read off before the logits are overwritten; the products come "
        "last, from the slope.",
    ),
    Number(
        "speed-chunk",
        "There are $N = 8192$ rows, and a chunk has 64. By which factor are the large tensors "
        "smaller?",
        answer=lambda: 8192 / 64,
        wrong=[
            (64, "64 is the number of rows in a chunk. How many chunks are there?"),
            (
                lambda: (8192 / 64) ** 2,
                "Only the rows are cut. Each row keeps all its classes.",
            ),
            (lambda: 64 / 8192, "That is the share that is left. The factor is its inverse."),
        ],
        hint="$N V$ numbers before, $c V$ now.",
        solution="$N V / (c V) = 8192/64 = 128$, whatever the number of classes.",
    ),
]
