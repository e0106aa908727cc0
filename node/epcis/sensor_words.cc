#include "node/epcis/sensor_words.h"

#include <algorithm>
#include <array>

namespace fenrun::epcis {
namespace {

// The GS1 Web Vocabulary's types of measurements.
constexpr auto kMeasurements = std::to_array<std::string_view>({
    "AbsoluteHumidity",
    "AbsorbedDose",
    "AbsorbedDoseRate",
    "Acceleration",
    "Altitude",
    "AmountOfSubstance",
    "AmountOfSubstancePerUnitVolume",
    "Angle",
    "AngularAcceleration",
    "AngularMomentum",
    "AngularVelocity",
    "Area",
    "Capacitance",
    "Conductance",
    "Conductivity",
    "Count",
    "Density",
    "Dimensionless",
    "DoseEquivalent",
    "DoseEquivalentRate",
    "DynamicViscosity",
    "ElectricCharge",
    "ElectricCurrent",
    "ElectricCurrentDensity",
    "ElectricFieldStrength",
    "Energy",
    "Exposure",
    "Force",
    "Frequency",
    "Illuminance",
    "Inductance",
    "Irradiance",
    "KinematicViscosity",
    "Length",
    "LinearMomentum",
    "Luminance",
    "LuminousFlux",
    "LuminousIntensity",
    "MagneticFlux",
    "MagneticFluxDensity",
    "MagneticVectorPotential",
    "Mass",
    "MassConcentration",
    "MassFlowRate",
    "MassPerAreaTime",
    "MemoryCapacity",
    "MolalityOfSolute",
    "MolarEnergy",
    "MolarMass",
    "MolarVolume",
    "Power",
    "Pressure",
    "RadiantFlux",
    "RadiantIntensity",
    "Radioactivity",
    "RelativeHumidity",
    "Resistance",
    "Resistivity",
    "SolidAngle",
    "SpecificVolume",
    "Speed",
    "SurfaceDensity",
    "SurfaceTension",
    "Temperature",
    "Time",
    "Torque",
    "Voltage",
    "Volume",
    "VolumeFlowRate",
    "VolumeFraction",
    "VolumetricFlux",
    "Wavenumber",
});

constexpr auto kAlerts = std::to_array<std::string_view>({
    "ALARM_CONDITION",
    "ERROR_CONDITION",
});

constexpr auto kComponents = std::to_array<std::string_view>({
    "altitude",
    "axial_distance",
    "azimuth",
    "easting",
    "elevation_angle",
    "height",
    "latitude",
    "longitude",
    "northing",
    "polar_angle",
    "spherical_radius",
    "x",
    "y",
    "z",
});

}  // namespace

bool is_sensor_word(SensorWord kind, std::string_view word) {
  switch (kind) {
    case SensorWord::measurement:
      return std::ranges::find(kMeasurements, word) != kMeasurements.end();
    case SensorWord::alert:
      return std::ranges::find(kAlerts, word) != kAlerts.end();
    case SensorWord::component:
      return std::ranges::find(kComponents, word) != kComponents.end();
  }
  return false;
}

}  // namespace fenrun::epcis
