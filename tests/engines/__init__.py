"""The zoo: engines that behave badly, each in its own way, and some that behave well.

Each module follows the engine contract (``load(model, model_dir)``) and costs no torch.
Select one by its dotted name: ``engine = "tests.engines.echo"``.
"""
