"""The one-shot child: ready, one order, decode, transcribe, render, END, exit code."""
