"""The formulas on arrays: one formula a function, nothing else.

A kernel takes some rows and returns arrays or writes into those it is given. It
validates nothing, knows no option by name that is not in its formula, and allocates
at most a few rows. `lossgrad_service.core` shares the rows out and adds up what they
give. What works on rows is compiled: a program takes one row at a time, so that it
is read from memory once and is in cache for whatever else is done with it.

`rows` has the losses, `matrices` the layers, `numbers` what both reckon with, and
`compiling` what makes machine code of them; `parallel` shares work among threads, and
`wanted` ends it early.

======  ============================================================  ============
symbol  meaning                                                       shape
======  ============================================================  ============
n       rows of the block                                             number
C       classes                                                       number
D, P    width of the hidden layer, and of its input                   numbers
x       input of the first layer                                      (n, P)
h1      hidden activations, relu(x·w1 + b1) or as sent                (n, D)
s       scores, h1·w2 + b2 or as sent                                 (n, C)
τ       temperature
κ       softcap
z       κ·tanh(s/(τ·κ)), or s/τ without softcap                       (n, C)
m, k    a row's largest z, and the first class that has it            (n,)
e       e^{z − m}; exactly 1 at k                                     (n, C)
T       "rest": Σ e over the classes other than k                     (n,)
lse     m + log1p(T) = log Σ_j e^{z_j}                                (n,)
p       e/(1 + T) = softmax(z)                                        (n, C)
y       label                                                         (n,)
t       probability targets, or one-hot labels                        (n, C)
a, c    sample weights (0 for an ignored row), class weights          (n,), (C,)
ε       label smoothing
K       a row's classes with s > −∞                                   (n,)
q       a_i·c_j·[(1 − ε)·t_ij + ε·[s_ij > −∞]/K_i]                    (n, C)
Q       Σ_j q_ij                                                      (n,)
α       coefficient of the z-term
D'      denominator: what the loss is divided by
======  ============================================================  ============

A *wide* number is of the next wider type: float64 beside float32 scores, a pair of
float64 beside float64 ones. *Lifted* exponentials are 2¹²⁶ times as large.

Scalars of a row are float64. Rows are float32 or float64; sums over a row are made
in float64.
"""
