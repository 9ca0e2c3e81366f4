"""Functions, services, load balancers and event sources as local processes, as deployed."""
