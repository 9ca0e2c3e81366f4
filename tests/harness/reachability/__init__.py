"""What can reach what in a planned or applied VPC, with the path or what refuses it.

network = Network.read(planned.document)
functions = Member("functions", groups=["aws_security_group.functions"], subnets=service_subnets)
assert network.reach(functions, endpoints) == Traffic.tcp(443)
assert not any(network.ways_out(subnet) for subnet in service_subnets)
print(network.explain(functions, endpoints, 8080))

Where the answer depends on what isn't known (addresses that a rule covers in part, a route to
something of another kind), "may reach" is answered: a refusal can be relied on. IPv4 only.
"""

from harness.reachability.endpoints import Endpoint
from harness.reachability.network import PLACES, Network
from harness.reachability.paths import Member, Verdict, Way
from harness.reachability.traffic import Traffic
from terraform_plan.references import UnresolvedError

__all__ = [
    "PLACES",
    "Endpoint",
    "Member",
    "Network",
    "Traffic",
    "UnresolvedError",
    "Verdict",
    "Way",
]
