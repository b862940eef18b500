"""Runs the official Python client against the API server of KUBECONFIG; prints `ok` at the end."""

import threading

import yaml
from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

NAMESPACE = "python-client"


def expect(condition, what):
    if not condition:
        raise SystemExit(f"not as expected: {what}")


def refused(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiException as error:
        expect(error.status == code, f"{error.status} instead of {code}: {error.body}")
        return
    raise SystemExit(f"{call.__name__} was accepted")


def config_maps(core):
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="one", labels={"app": "a"}), data={"key": "value"})
    created = core.create_namespaced_config_map(NAMESPACE, body)
    expect(created.metadata.uid and created.metadata.resource_version, "uid and resource version")
    refused(409, core.create_namespaced_config_map, NAMESPACE, body)
    created.data["key"] = "changed"
    replaced = core.replace_namespaced_config_map("one", NAMESPACE, created)
    expect(replaced.data == {"key": "changed"}, "replaced data")
    refused(409, core.replace_namespaced_config_map, "one", NAMESPACE, created)
    patched = core.patch_namespaced_config_map("one", NAMESPACE, {"data": {"other": "2", "key": None}})
    expect(patched.data == {"other": "2"}, f"patched data {patched.data}")
    for selector, count in (("app=a", 1), ("app!=a", 0), ("app in (a,b)", 1), ("!app", 0)):
        found = [item for item in core.list_namespaced_config_map(NAMESPACE, label_selector=selector).items if item.metadata.name == "one"]
        expect(len(found) == count, f"selector {selector}")
    refused(404, core.read_namespaced_config_map, "two", NAMESPACE)


def services(core):
    spec = client.V1ServiceSpec(type="NodePort", ports=[client.V1ServicePort(name="http", port=80, target_port="web")])
    service = core.create_namespaced_service(NAMESPACE, client.V1Service(metadata=client.V1ObjectMeta(generate_name="web-"), spec=spec))
    expect(service.metadata.name.startswith("web-"), "generated name")
    expect(service.spec.cluster_ip == service.spec.cluster_ips[0], "cluster IP")
    expect(30000 <= service.spec.ports[0].node_port <= 32767, "node port")
    expect(service.spec.ports[0].protocol == "TCP" and service.spec.ports[0].target_port == "web", "defaults")
    bad = client.V1Service(metadata=client.V1ObjectMeta(name="bad"), spec=client.V1ServiceSpec(ports=[client.V1ServicePort(port=70000)]))
    refused(422, core.create_namespaced_service, NAMESPACE, bad)


def deployments(apps):
    labels = {"app": "web"}
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels),
        spec=client.V1PodSpec(containers=[client.V1Container(name="web", image="example/web:1")]),
    )
    spec = client.V1DeploymentSpec(replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template)
    apps.create_namespaced_deployment(NAMESPACE, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec))
    scale = apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 5}})
    expect(scale.spec.replicas == 5, "scaled")
    deployment = apps.read_namespaced_deployment("web", NAMESPACE)
    expect(deployment.spec.replicas == 5 and deployment.metadata.generation == 2, "generation counts spec changes")
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Background")


def watches(core):
    names = []
    version = core.list_namespaced_secret(NAMESPACE).metadata.resource_version

    def write():
        core.create_namespaced_secret(NAMESPACE, client.V1Secret(metadata=client.V1ObjectMeta(name="watched"), string_data={"a": "b"}))
        core.patch_namespaced_secret("watched", NAMESPACE, {"metadata": {"labels": {"x": "y"}}})
        core.delete_namespaced_secret("watched", NAMESPACE)

    writer = threading.Thread(target=write)
    writer.start()
    stream = watch.Watch()
    for event in stream.stream(core.list_namespaced_secret, NAMESPACE, resource_version=version, timeout_seconds=20):
        names.append((event["type"], event["object"].metadata.name))
        if event["type"] == "DELETED":
            stream.stop()
    writer.join()
    expect(names == [("ADDED", "watched"), ("MODIFIED", "watched"), ("DELETED", "watched")], f"events {names}")


DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.python.example.com}
spec:
  group: python.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [schedule]
            properties: {schedule: {type: string}, replicas: {type: integer, minimum: 1, default: 1}}
"""


def custom_resources(api):
    extensions = client.ApiextensionsV1Api(api)
    extensions.create_custom_resource_definition(yaml.safe_load(DEFINITION))
    stream = watch.Watch()
    for event in stream.stream(extensions.list_custom_resource_definition, field_selector="metadata.name=crontabs.python.example.com", timeout_seconds=20):
        if any(c.type == "Established" and c.status == "True" for c in event["object"].status.conditions or []):
            stream.stop()
    resource = dynamic.DynamicClient(api).resources.get(api_version="python.example.com/v1", kind="CronTab")
    body = {"apiVersion": "python.example.com/v1", "kind": "CronTab", "metadata": {"name": "tab"}, "spec": {"schedule": "* * * * *"}}
    created = resource.create(body=body, namespace=NAMESPACE)
    expect(created.spec.replicas == 1, "defaulted replicas")
    objects = client.CustomObjectsApi(api)
    wrong = {**body, "metadata": {"name": "wrong"}, "spec": {"replicas": 0}}
    refused(422, objects.create_namespaced_custom_object, "python.example.com", "v1", NAMESPACE, "crontabs", wrong)
    extensions.delete_custom_resource_definition("crontabs.python.example.com")


def main():
    config.load_kube_config()
    api = client.ApiClient()
    core = client.CoreV1Api(api)
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    config_maps(core)
    services(core)
    deployments(client.AppsV1Api(api))
    watches(core)
    custom_resources(api)
    core.delete_namespace(NAMESPACE)
    print("ok")


main()
