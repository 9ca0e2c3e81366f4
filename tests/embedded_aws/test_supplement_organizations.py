"""Organizations, and the services that an account administers for one, where moto alone fails."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import EmbeddedAWS
from harness.testing.leftovers import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Clients = Callable[[str], Any]

MANAGEMENT, DEV = "444444444444", "555555555555"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    """An AWS that knows which id the account `dev` will have."""
    with EmbeddedAWS(account_ids={"dev": DEV}) as running:
        yield running


@dataclass(frozen=True)
class Organization:
    """An organization with all features, seen from its management account."""

    client: Any
    root_id: str

    def create_account(self, name: str) -> str:
        email = f"{name}@payments.example"
        request = self.client.create_account(AccountName=name, Email=email)
        status = self.client.describe_create_account_status(
            CreateAccountRequestId=request["CreateAccountStatus"]["Id"]
        )
        return str(status["CreateAccountStatus"]["AccountId"])

    def create_unit(self, name: str, parent_id: str = "") -> str:
        unit = self.client.create_organizational_unit(Name=name, ParentId=parent_id or self.root_id)
        return str(unit["OrganizationalUnit"]["Id"])

    def create_policy(self, kind: str) -> str:
        policy = self.client.create_policy(
            Name="all", Description="", Type=kind, Content=json.dumps(ALLOW_ALL)
        )
        return str(policy["Policy"]["PolicySummary"]["Id"])


@pytest.fixture
def organization(client: Clients) -> Organization:
    organizations = client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    return Organization(organizations, organizations.list_roots()["Roots"][0]["Id"])


@pytest.mark.mends("organizations:CreateAccount")
def test_an_account_has_the_id_that_is_known_for_its_name(
    aws: EmbeddedAWS, organization: Organization
) -> None:
    assert organization.create_account("dev") == DEV
    others = {organization.create_account(name) for name in ("dev", "sandbox")}
    assert len(others | {DEV, MANAGEMENT}) == 4

    roles = aws.client("iam", DEV).list_roles()["Roles"]
    assert [role["RoleName"] for role in roles] == ["OrganizationAccountAccessRole"]
    assert aws.client("iam", MANAGEMENT).list_roles()["Roles"] == []


@pytest.mark.mends("organizations:DeleteOrganization")
def test_an_organization_ends_with_its_last_open_account(
    aws: EmbeddedAWS, organization: Organization
) -> None:
    account_id = organization.create_account("dev")
    with pytest.raises(ClientError, match="OrganizationNotEmptyException"):
        organization.client.delete_organization()
    organization.client.close_account(AccountId=account_id)
    status = organization.client.describe_account(AccountId=account_id)["Account"]["Status"]
    assert status == "SUSPENDED"
    organization.client.delete_organization()
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        aws.client("organizations", account_id).describe_organization()


@pytest.mark.mends("organizations:ListAccounts")
def test_a_member_knows_its_organization_and_only_an_administrator_looks_in(
    aws: EmbeddedAWS, organization: Organization
) -> None:
    account_id = organization.create_account("dev")
    member = aws.client("organizations", account_id)
    found = member.describe_organization()["Organization"]
    assert found["MasterAccountId"] == MANAGEMENT
    assert found == organization.client.describe_organization()["Organization"]
    for look in (member.list_accounts, member.list_roots):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            look()

    organization.client.register_delegated_administrator(
        AccountId=account_id, ServicePrincipal="guardduty.amazonaws.com"
    )
    accounts = {account["Id"] for account in member.list_accounts()["Accounts"]}
    assert accounts == {MANAGEMENT, account_id}
    with pytest.raises(ClientError, match="AccessDeniedException"):
        member.create_organizational_unit(ParentId=organization.root_id, Name="Mine")


@pytest.mark.mends("organizations:EnableAWSServiceAccess")
def test_services_are_trusted_that_came_later(organization: Organization) -> None:
    organization.client.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    trusted = organization.client.list_aws_service_access_for_organization()
    principals = [each["ServicePrincipal"] for each in trusted["EnabledServicePrincipals"]]
    assert principals == ["iam.amazonaws.com"]
    with pytest.raises(ClientError, match="unrecognized service principal"):
        organization.client.enable_aws_service_access(ServicePrincipal="iam")


@pytest.mark.mends("organizations:RegisterDelegatedAdministrator")
def test_an_account_administers_any_service(organization: Organization) -> None:
    account_id = organization.create_account("dev")
    service = "config.amazonaws.com"
    organization.client.register_delegated_administrator(
        AccountId=account_id, ServicePrincipal=service
    )
    found = organization.client.list_delegated_administrators(ServicePrincipal=service)
    assert [each["Id"] for each in found["DelegatedAdministrators"]] == [account_id]


@pytest.mark.mends("organizations:UpdateOrganizationalUnit")
def test_names_of_units_are_unique_among_siblings(organization: Organization) -> None:
    services, archive = organization.create_unit("Services"), organization.create_unit("Archive")
    inner = organization.create_unit("Old", services)
    organization.client.update_organizational_unit(OrganizationalUnitId=inner, Name="Archive")
    twins = "DuplicateOrganizationalUnitException"
    with pytest.raises(ClientError, match=twins):
        organization.create_unit("Archive")
    with pytest.raises(ClientError, match=twins):
        organization.client.update_organizational_unit(
            OrganizationalUnitId=archive, Name="Services"
        )


@pytest.mark.mends("organizations:DeleteOrganizationalUnit")
def test_a_unit_goes_when_nothing_is_in_it(organization: Organization) -> None:
    unit = organization.create_unit("Services")
    account_id = organization.create_account("dev")
    move = {"AccountId": account_id, "SourceParentId": organization.root_id}
    organization.client.move_account(**move, DestinationParentId=unit)
    with pytest.raises(ClientError, match="OrganizationalUnitNotEmptyException"):
        organization.client.delete_organizational_unit(OrganizationalUnitId=unit)
    organization.client.close_account(AccountId=account_id)
    organization.client.delete_organizational_unit(OrganizationalUnitId=unit)
    targets = organization.client.list_targets_for_policy(PolicyId="p-FullAWSAccess")["Targets"]
    assert unit not in {target["TargetId"] for target in targets}


@pytest.mark.mends("organizations:AttachPolicy")
def test_a_policy_is_attached_once_and_if_its_type_is_enabled(organization: Organization) -> None:
    kind = "RESOURCE_CONTROL_POLICY"
    attachment = {
        "PolicyId": organization.create_policy(kind),
        "TargetId": organization.create_unit("Archive"),
    }
    with pytest.raises(ClientError, match="PolicyTypeNotEnabledException"):
        organization.client.attach_policy(**attachment)
    organization.client.enable_policy_type(RootId=organization.root_id, PolicyType=kind)
    organization.client.attach_policy(**attachment)
    with pytest.raises(ClientError, match="DuplicatePolicyAttachmentException"):
        organization.client.attach_policy(**attachment)


@pytest.mark.mends("organizations:PutResourcePolicy")
def test_an_organization_has_a_policy_of_its_own(organization: Organization) -> None:
    organizations = organization.client
    absent = "ResourcePolicyNotFoundException"
    with pytest.raises(ClientError, match=absent):
        organizations.describe_resource_policy()
    tag = {"Key": "owner", "Value": "platform"}
    made = organizations.put_resource_policy(Content="{}", Tags=[tag])["ResourcePolicy"]
    organizations.put_resource_policy(Content=json.dumps(ALLOW_ALL))
    found = organizations.describe_resource_policy()["ResourcePolicy"]
    assert found["ResourcePolicySummary"] == made["ResourcePolicySummary"]
    assert json.loads(found["Content"]) == ALLOW_ALL
    policy_id = found["ResourcePolicySummary"]["Id"]
    assert organizations.list_tags_for_resource(ResourceId=policy_id)["Tags"] == [tag]
    organizations.delete_resource_policy()
    with pytest.raises(ClientError, match=absent):
        organizations.delete_resource_policy()


@pytest.mark.mends("cloudtrail:RegisterOrganizationDelegatedAdmin")
def test_cloudtrail_registers_its_administrator(
    client: Clients, organization: Organization
) -> None:
    account_id, service = organization.create_account("dev"), "cloudtrail.amazonaws.com"
    cloudtrail = client("cloudtrail")
    with pytest.raises(ClientError, match="CloudTrailAccessNotEnabledException"):
        cloudtrail.register_organization_delegated_admin(MemberAccountId=account_id)

    def registered() -> list[str]:
        found = organization.client.list_delegated_administrators(ServicePrincipal=service)
        return [each["Id"] for each in found["DelegatedAdministrators"]]

    organization.client.enable_aws_service_access(ServicePrincipal=service)
    cloudtrail.register_organization_delegated_admin(MemberAccountId=account_id)
    assert registered() == [account_id]
    cloudtrail.deregister_organization_delegated_admin(DelegatedAdminAccountId=account_id)
    assert registered() == []


@pytest.mark.mends("guardduty:DisableOrganizationAdminAccount")
def test_guardduty_is_on_for_its_administrator_until_somebody_ends_it(
    aws: EmbeddedAWS, client: Clients
) -> None:
    guardduty, theirs = client("guardduty"), aws.client("guardduty", DEV)
    guardduty.enable_organization_admin_account(AdminAccountId=DEV)
    (admin,) = guardduty.list_organization_admin_accounts()["AdminAccounts"]
    assert admin["AdminAccountId"] == DEV
    detectors = theirs.list_detectors()["DetectorIds"]
    assert len(detectors) == 1
    guardduty.disable_organization_admin_account(AdminAccountId=DEV)
    assert guardduty.list_organization_admin_accounts()["AdminAccounts"] == []
    assert theirs.list_detectors()["DetectorIds"] == detectors


@pytest.mark.mends("guardduty:UpdateOrganizationConfiguration")
def test_guardduty_keeps_what_is_on_in_all_accounts(client: Clients) -> None:
    guardduty = client("guardduty")
    detector = {"DetectorId": guardduty.create_detector(Enable=True)["DetectorId"]}
    found = guardduty.describe_organization_configuration(**detector)
    assert (found["AutoEnableOrganizationMembers"], found["Features"]) == ("NONE", [])
    feature = {"Name": "S3_DATA_EVENTS", "AutoEnable": "ALL"}
    guardduty.update_organization_configuration(
        **detector, AutoEnableOrganizationMembers="NEW", Features=[feature]
    )
    guardduty.update_organization_configuration(**detector, AutoEnableOrganizationMembers="ALL")
    found = guardduty.describe_organization_configuration(**detector)
    assert found["AutoEnableOrganizationMembers"] == "ALL"
    assert found["Features"] == [feature]


@pytest.mark.mends("guardduty:TagResource")
def test_a_detector_is_tagged(client: Clients) -> None:
    guardduty = client("guardduty")
    detector = guardduty.create_detector(Enable=True)["DetectorId"]
    arn = f"arn:aws:guardduty:eu-west-1:{MANAGEMENT}:detector/{detector}"
    guardduty.tag_resource(ResourceArn=arn, Tags={"owner": "platform", "scope": "pci"})
    guardduty.untag_resource(ResourceArn=arn, TagKeys=["scope"])
    assert guardduty.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"owner": "platform"}
    assert guardduty.get_detector(DetectorId=detector)["Tags"] == {"owner": "platform"}


def test_the_role_of_a_new_account_is_nothing_left_behind(organization: Organization) -> None:
    with Watch() as watch:
        before = watch.now()
        account_id = organization.create_account("dev")
        organization.client.close_account(AccountId=account_id)
        assert [thing.service for thing in watch.leftovers(before)] == ["organizations"]
        organization.client.delete_organization()
        assert watch.leftovers(before) == ()
