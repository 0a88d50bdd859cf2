"""What the machines of pools are created with."""

from .settings_samples import options_of, runners, stack


def test_spot_always_comes_with_its_price() -> None:
    (on_demand,) = runners(stack())
    (spot,) = runners(stack({"spot": {"maxPrice": 0.001}}))

    assert not [name for name in options_of(on_demand) if "spot" in name]
    assert options_of(spot)["amazonec2-request-spot-instance"] == "true"
    assert options_of(spot)["amazonec2-spot-price"] == "0.001"


def test_the_guides_spot_options_work_as_they_are_pasted() -> None:
    pasted = ["amazonec2-request-spot-instance=true", "amazonec2-spot-price=0.03"]
    (runner,) = runners(stack({"machine": {"MachineOptions": pasted}}))

    assert [option for option in runner["machine"]["MachineOptions"] if "spot" in option] == pasted


def test_an_option_of_the_user_takes_the_place_of_ours() -> None:
    given_options = ["amazonec2-root-size=80", "amazonec2-monitoring", "amazonec2-use-private-address=false"]
    options = options_of(runners(stack({"machine": {"MachineOptions": given_options}}))[0])

    assert options["amazonec2-root-size"] == "80"
    assert options["amazonec2-use-private-address"] == "false"
    assert options["amazonec2-monitoring"] == "true"


def test_repeatable_options_add_up() -> None:
    given_options = ["engine-opt=a=1", "engine-opt=b=2", "amazonec2-security-group=other"]
    (runner,) = runners(stack({"machine": {"MachineOptions": given_options}}))
    options = runner["machine"]["MachineOptions"]

    assert [option for option in options if option.startswith("engine-opt")] == ["engine-opt=a=1", "engine-opt=b=2"]
    assert [option for option in options if option.startswith("amazonec2-security-group=")] == [
        "amazonec2-security-group=dev-workers",
        "amazonec2-security-group=other",
    ]


def test_options_of_a_newer_docker_machine_go_last_as_they_stand() -> None:
    (runner,) = runners(stack({"driver": {"extra": ["amazonec2-spot-pools=2", "amazonec2-spot-pools=3"]}}))

    assert runner["machine"]["MachineOptions"][-2:] == ["amazonec2-spot-pools=2", "amazonec2-spot-pools=3"]


def test_tags_are_joined_by_key_and_ours_stay() -> None:
    machine = {"MachineOptions": ["amazonec2-tags=team,build,runner-manager-name,gitlab-aws-autoscaler"]}
    (runner,) = runners(stack({"machine": machine}, tags={"team": "ci", "cost center": "7"}))

    assert (
        options_of(runner)["amazonec2-tags"]
        == "runner-manager-name,gitlab-aws-autoscaler,gitlab-runner-aws,dev,cost center,7,team,build"
    )


def test_with_an_endpoint_of_its_own_the_driver_gets_the_whole_zone() -> None:
    machine = {"MachineOptions": ["amazonec2-endpoint=http://127.0.0.1:5000"]}

    assert options_of(runners(stack({"machine": machine}))[0])["amazonec2-zone"] == "eu-central-1a"
