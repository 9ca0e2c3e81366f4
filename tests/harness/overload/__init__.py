"""What overload does to a payment API, with the gateway's throttles and without.

The same open-loop client drives real backends behind the edge, in real time, and their models, in
virtual time: ``load`` is that client, ``shapes`` when it sends, ``backends`` what serves.
"""
