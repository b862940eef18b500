"""Kubernetes objects of the benchmarks, each with the path that it is created at."""

NAMESPACE = "bench"
NAMESPACES = "/api/v1/namespaces"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
INGRESSES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses"


def namespace():
    return NAMESPACES, {"metadata": {"name": NAMESPACE}}


def service(name, cluster_ip=None):
    """A Service on port 80 without a selector; the API server chooses its address unless one is given."""
    address = {"clusterIP": cluster_ip} if cluster_ip else {}
    return SERVICES, {"metadata": {"name": name}, "spec": {**address, "ports": [{"port": 80}]}}


def endpoint_slice(service_name, address, port):
    """The only endpoint of a Service."""
    return SLICES, {
        "metadata": {"name": service_name, "labels": {"kubernetes.io/service-name": service_name}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address]}],
        "ports": [{"name": "", "port": port}],
    }


def ingress(name, host, service_name):
    """All paths of a host lead to a Service."""
    backend = {"service": {"name": service_name, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": host, "http": {"paths": paths}}]
    return INGRESSES, {"metadata": {"name": name}, "spec": {"rules": rules}}
