package facts

// What tells which add-ons are installed, and which runtimes are in the images.
var (
	// Images are those that the containers of the pods in [PodGroups] are of, by image and
	// by whose the pods are. Containers that end before the others start are left out.
	Images = kubernetes[[]Image]("images", list("", "pods")).later()

	// IngressClasses are those of the cluster, by name.
	IngressClasses = kubernetes[[]IngressClass]("ingress-classes", list("networking.k8s.io", "ingressclasses")).later()
)

// Image is an image that pods run.
type Image struct {
	// Image is as their templates have it, such as quay.io/jetstack/cert-manager-controller:v1.19.1.
	Image string `json:"image"`
	// Keeper says whose the pods are: one image that both run stands twice.
	Keeper Keeper `json:"keeper"`
	Pods   int32  `json:"pods"`
	// Pools counts the pods by the node pool of their nodes, as [PodGroup] does.
	Pools map[string]int32 `json:"pools,omitempty"`
	// Namespace, Kind and Name are of the first group that runs it.
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
}

// IngressClass is one of the cluster's.
type IngressClass struct {
	Name string `json:"name"`
	// Controller is who serves it (spec.controller), such as k8s.io/ingress-nginx.
	Controller string `json:"controller"`
}
