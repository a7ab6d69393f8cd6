.PHONY: controlplane

# etcd, two minors of kube-apiserver and Open Policy Agent, built from their Go
# modules into the user cache directory. A second call is instant.
controlplane:
	@go run ./testdata/controlplane/build
