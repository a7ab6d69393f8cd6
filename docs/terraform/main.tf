# Checks a cluster while Terraform or OpenTofu plans, and halts the plan of an upgrade
# that the cluster is not ready for. Give the cluster the version that comes out:
#
#   module "preflight" {
#     source         = "./preflight"
#     project        = "my-project"
#     location       = "europe-west1"
#     cluster        = "prod"
#     target_version = "1.36"
#   }
#
#   resource "google_container_cluster" "prod" {
#     min_master_version = module.preflight.target_version
#   }

terraform {
  required_providers {
    external = {
      source  = "hashicorp/external"
      version = ">= 1.2"
    }
  }
}

data "external" "preflight" {
  program = [var.program, "terraform"]
  query = { for key, value in merge(var.options, {
    project        = var.project
    location       = var.location
    cluster        = var.cluster
    target_version = var.target_version
  }) : key => value if value != null }
}

locals {
  result = data.external.preflight.result
}
